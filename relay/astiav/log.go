package astiav

//#include "bridge.h"
//#include <libavutil/log.h>
import "C"

import (
	"sync/atomic"
	"unsafe"
)

// LogLevel is the weight of a log message; a smaller number is graver.
type LogLevel int

// Levels of libavutil/log.h.
const (
	LogLevelQuiet   = LogLevel(C.AV_LOG_QUIET)
	LogLevelPanic   = LogLevel(C.AV_LOG_PANIC)
	LogLevelFatal   = LogLevel(C.AV_LOG_FATAL)
	LogLevelError   = LogLevel(C.AV_LOG_ERROR)
	LogLevelWarning = LogLevel(C.AV_LOG_WARNING)
	LogLevelInfo    = LogLevel(C.AV_LOG_INFO)
	LogLevelVerbose = LogLevel(C.AV_LOG_VERBOSE)
	LogLevelDebug   = LogLevel(C.AV_LOG_DEBUG)
)

// SetLogLevel drops messages that weigh less than l, in the whole process.
func SetLogLevel(l LogLevel) { C.av_log_set_level(C.int(l)) }

// GetLogLevel returns the level in force.
func GetLogLevel() LogLevel { return LogLevel(C.av_log_get_level()) }

// LogCallback receives FFmpeg's log: the object that speaks (nil where there is
// none), the C format and the finished text. Some messages come in pieces; a piece
// that ends a line ends in "\n". It is called on the thread that logs, also on
// FFmpeg's own threads and several at once, and must not panic. The text may hold
// URLs with credentials.
type LogCallback func(c Classer, l LogLevel, fmt, msg string)

// logCallback is process-wide because FFmpeg's log is.
var logCallback atomic.Pointer[LogCallback]

// SetLogCallback sends FFmpeg's log to c instead of standard error, in the whole
// process.
func SetLogCallback(c LogCallback) {
	logCallback.Store(&c)
	C.bridge_log_to_go()
}

// ResetLogCallback sends FFmpeg's log to standard error again.
func ResetLogCallback() { C.bridge_log_to_stderr() }

//export goBridgeLog
func goBridgeLog(obj unsafe.Pointer, level C.int, format, text *C.char) {
	if c := logCallback.Load(); c != nil && *c != nil {
		(*c)(classerOf(obj), LogLevel(level), C.GoString(format), C.GoString(text))
	}
}
