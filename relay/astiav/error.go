package astiav

//#include <errno.h>
//#include <libavutil/error.h>
import "C"

// Error is a negative FFmpeg return code; compare with errors.Is.
type Error int

// Codes of libavutil/error.h, and the errno values that FFmpeg negates.
const (
	ErrBsfNotFound      = Error(C.AVERROR_BSF_NOT_FOUND)
	ErrBufferTooSmall   = Error(C.AVERROR_BUFFER_TOO_SMALL)
	ErrBug              = Error(C.AVERROR_BUG)
	ErrBug2             = Error(C.AVERROR_BUG2)
	ErrDecoderNotFound  = Error(C.AVERROR_DECODER_NOT_FOUND)
	ErrDemuxerNotFound  = Error(C.AVERROR_DEMUXER_NOT_FOUND)
	ErrEagain           = Error(-C.EAGAIN)
	ErrEio              = Error(-C.EIO)
	ErrEncoderNotFound  = Error(C.AVERROR_ENCODER_NOT_FOUND)
	ErrEnoent           = Error(-C.ENOENT)
	ErrEof              = Error(C.AVERROR_EOF)
	ErrEperm            = Error(-C.EPERM)
	ErrEpipe            = Error(-C.EPIPE)
	ErrEtimedout        = Error(-C.ETIMEDOUT)
	ErrExit             = Error(C.AVERROR_EXIT)
	ErrExperimental     = Error(C.AVERROR_EXPERIMENTAL)
	ErrExternal         = Error(C.AVERROR_EXTERNAL)
	ErrFilterNotFound   = Error(C.AVERROR_FILTER_NOT_FOUND)
	ErrHttpBadRequest   = Error(C.AVERROR_HTTP_BAD_REQUEST)
	ErrHttpForbidden    = Error(C.AVERROR_HTTP_FORBIDDEN)
	ErrHttpNotFound     = Error(C.AVERROR_HTTP_NOT_FOUND)
	ErrHttpOther4Xx     = Error(C.AVERROR_HTTP_OTHER_4XX)
	ErrHttpServerError  = Error(C.AVERROR_HTTP_SERVER_ERROR)
	ErrHttpUnauthorized = Error(C.AVERROR_HTTP_UNAUTHORIZED)
	ErrInputChanged     = Error(C.AVERROR_INPUT_CHANGED)
	ErrInvaliddata      = Error(C.AVERROR_INVALIDDATA)
	ErrMuxerNotFound    = Error(C.AVERROR_MUXER_NOT_FOUND)
	ErrOptionNotFound   = Error(C.AVERROR_OPTION_NOT_FOUND)
	ErrOutputChanged    = Error(C.AVERROR_OUTPUT_CHANGED)
	ErrPatchwelcome     = Error(C.AVERROR_PATCHWELCOME)
	ErrProtocolNotFound = Error(C.AVERROR_PROTOCOL_NOT_FOUND)
	ErrStreamNotFound   = Error(C.AVERROR_STREAM_NOT_FOUND)
	ErrUnknown          = Error(C.AVERROR_UNKNOWN)
)

// Without these the package would invent codes of its own.
const (
	errInvalidArgument = Error(-C.EINVAL)
	errNoMemory        = Error(-C.ENOMEM)
)

// newError returns nil for a return code that is not negative.
func newError(ret C.int) error {
	if ret >= 0 {
		return nil
	}
	return Error(ret)
}

// Error returns FFmpeg's text for the code.
func (e Error) Error() string {
	var text [C.AV_ERROR_MAX_STRING_SIZE]C.char
	// An unknown code still leaves "Error number N occurred" in the buffer.
	C.av_strerror(C.int(e), &text[0], C.size_t(len(text)))
	return C.GoString(&text[0])
}

// Is reports whether err is the same code.
func (e Error) Is(err error) bool {
	o, ok := err.(Error)
	return ok && o == e
}
