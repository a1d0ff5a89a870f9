package rtc

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// slogFactory passes pion's warnings and errors on as debug lines: each
// concerns one viewer's path, and the session's own lines say what became of
// it.
type slogFactory struct{ log *slog.Logger }

// NewLogger implements logging.LoggerFactory.
func (f slogFactory) NewLogger(scope string) logging.LeveledLogger {
	log := f.log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return slogger{log.With("pion", scope)}
}

type slogger struct{ log *slog.Logger }

func (l slogger) emit(format string, args ...any) {
	if l.log.Enabled(context.Background(), slog.LevelDebug) {
		l.log.Debug(fmt.Sprintf(format, args...))
	}
}

func (l slogger) Trace(string)          {}
func (l slogger) Tracef(string, ...any) {}
func (l slogger) Debug(string)          {}
func (l slogger) Debugf(string, ...any) {}
func (l slogger) Info(string)           {}
func (l slogger) Infof(string, ...any)  {}

func (l slogger) Warn(msg string)                   { l.emit("%s", msg) }
func (l slogger) Warnf(format string, args ...any)  { l.emit(format, args...) }
func (l slogger) Error(msg string)                  { l.emit("%s", msg) }
func (l slogger) Errorf(format string, args ...any) { l.emit(format, args...) }
