package astiav

//#include "compat.h"
//#include <stdlib.h>
import "C"

import "unsafe"

// FormatContext is an opened container or network stream (AVFormatContext). Reading:
// AllocFormatContext, OpenInput, FindStreamInfo, ReadFrame..., CloseInput. Writing:
// see AllocOutputFormatContext.
type FormatContext struct {
	c *C.AVFormatContext
}

var _ Classer = (*FormatContext)(nil)

func newFormatContextFromC(c *C.AVFormatContext) *FormatContext {
	if c == nil {
		return nil
	}
	fc := &FormatContext{c: c}
	registerClasser(unsafe.Pointer(c), fc)
	return fc
}

// AllocFormatContext returns a context to read from, nil without memory.
func AllocFormatContext() *FormatContext { return newFormatContextFromC(C.avformat_alloc_context()) }

// Free releases a context that is not open for reading. It may be called after
// CloseInput or a failed OpenInput, where nothing is left to release.
func (fc *FormatContext) Free() {
	if fc.c == nil {
		return
	}
	obj := unsafe.Pointer(fc.c)
	C.avformat_free_context(fc.c)
	fc.c = nil
	unregisterClasser(obj, fc)
}

// Class returns what FFmpeg's log calls the context, nil once freed.
func (fc *FormatContext) Class() *Class {
	if fc.c == nil {
		return nil
	}
	return newClass(unsafe.Pointer(fc.c))
}

// OpenInput opens url and reads its header. fmt forces a demuxer, nil guesses.
// Options of d that were understood are removed from it. An error releases the
// context; Free and CloseInput then do nothing, and a new one is needed to retry.
func (fc *FormatContext) OpenInput(url string, fmt *InputFormat, d *Dictionary) error {
	if fc.c == nil {
		return errInvalidArgument
	}
	u := C.CString(url)
	defer C.free(unsafe.Pointer(u))
	obj := unsafe.Pointer(fc.c)
	err := newError(C.avformat_open_input(&fc.c, u, fmt.ptr(), d.ptr()))
	if err != nil {
		unregisterClasser(obj, fc)
	}
	return err
}

// CloseInput closes and releases a context opened for reading. An IOContext given
// by SetPb stays, for its owner to free.
func (fc *FormatContext) CloseInput() {
	if fc.c == nil {
		return
	}
	obj := unsafe.Pointer(fc.c)
	C.avformat_close_input(&fc.c)
	unregisterClasser(obj, fc)
}

// FindStreamInfo reads ahead until all streams are known. d may be nil.
func (fc *FormatContext) FindStreamInfo(d *Dictionary) error {
	if d == nil {
		return newError(C.avformat_find_stream_info(fc.c, nil))
	}
	// FFmpeg wants one dictionary for each stream that is known by now, and some
	// demuxers find streams only while they read.
	n := max(int(fc.c.nb_streams), 1)
	options := make([]*C.AVDictionary, n)
	defer func() {
		for i := range options {
			C.av_dict_free(&options[i])
		}
	}()
	for i := range options {
		if err := newError(C.av_dict_copy(&options[i], d.c, 0)); err != nil {
			return err
		}
	}
	return newError(C.avformat_find_stream_info(fc.c, &options[0]))
}

// FindBestStream returns the stream of a type that people would choose, and its
// decoder. wantedStreamIndex and relatedStreamIndex are -1 for none.
// ErrStreamNotFound: no such stream; ErrDecoderNotFound: none that can be decoded.
func (fc *FormatContext) FindBestStream(mt MediaType, wantedStreamIndex, relatedStreamIndex int) (*Stream, *Codec, error) {
	var codec *C.AVCodec
	ret := C.av_find_best_stream(fc.c, C.enum_AVMediaType(mt), C.int(wantedStreamIndex), C.int(relatedStreamIndex), &codec, 0)
	if err := newError(ret); err != nil {
		return nil, nil, err
	}
	return fc.Streams()[ret], newCodecFromC(codec), nil
}

// ReadFrame replaces p, which must be blank, by the next packet of any stream: one
// picture of video, or some frames of audio. ErrEof at the end, ErrExit if
// interrupted.
func (fc *FormatContext) ReadFrame(p *Packet) error { return newError(C.av_read_frame(fc.c, p.c)) }

// SeekFrame moves to the key frame of a stream at timestamp, in its time base; with
// stream -1 in TimeBase.
func (fc *FormatContext) SeekFrame(streamIndex int, timestamp int64, f SeekFlags) error {
	return newError(C.av_seek_frame(fc.c, C.int(streamIndex), C.int64_t(timestamp), C.int(f)))
}

// Flush drops what is buffered, for a source that jumped.
func (fc *FormatContext) Flush() error { return newError(C.avformat_flush(fc.c)) }

// Streams returns the streams, which borrow from the context.
func (fc *FormatContext) Streams() (ss []*Stream) {
	for _, s := range unsafe.Slice(fc.c.streams, fc.c.nb_streams) {
		ss = append(ss, newStreamFromC(s))
	}
	return ss
}

// NbStreams returns the number of streams.
func (fc *FormatContext) NbStreams() int { return int(fc.c.nb_streams) }

// SetIOInterrupter makes blocking calls heed i, from the next on; nil for none. i
// must outlive the context.
func (fc *FormatContext) SetIOInterrupter(i *IOInterrupter) {
	fc.c.interrupt_callback = i.callback()
}

// Pb returns the byte stream, nil if there is none. It borrows from the context
// unless it was given by SetPb.
func (fc *FormatContext) Pb() *IOContext {
	if fc.c.pb == nil {
		return nil
	}
	if ic, ok := classerOf(unsafe.Pointer(fc.c.pb)).(*IOContext); ok {
		return ic
	}
	return &IOContext{c: fc.c.pb}
}

// SetPb sets the byte stream, before OpenInput or WriteHeader; nil for none. The
// caller still owns it.
func (fc *FormatContext) SetPb(i *IOContext) {
	if i == nil {
		fc.c.pb = nil
		return
	}
	fc.c.pb = i.c
}

// InputFormat returns the demuxer, nil if not open for reading.
func (fc *FormatContext) InputFormat() *InputFormat { return newInputFormatFromC(fc.c.iformat) }

// Metadata returns the borrowed metadata, nil if there is none.
func (fc *FormatContext) Metadata() *Dictionary { return newDictionaryFromC(fc.c.metadata) }

// PrivateData gives access to the options of this format, nil if it has none.
func (fc *FormatContext) PrivateData() *PrivateData { return newPrivateData(fc.c.priv_data) }

// BitRate returns the bit rate of the whole in bits a second, 0 if unknown.
func (fc *FormatContext) BitRate() int64 { return int64(fc.c.bit_rate) }

// Duration returns the duration in TimeBase, or NoPtsValue.
func (fc *FormatContext) Duration() int64 { return int64(fc.c.duration) }

// StartTime returns the first presentation time in TimeBase, or NoPtsValue.
func (fc *FormatContext) StartTime() int64 { return int64(fc.c.start_time) }

// CtxFlags returns what the demuxer found out.
func (fc *FormatContext) CtxFlags() FormatContextCtxFlags {
	return FormatContextCtxFlags(fc.c.ctx_flags)
}

// Flags returns the switches.
func (fc *FormatContext) Flags() FormatContextFlags { return FormatContextFlags(fc.c.flags) }

// SetFlags sets the switches.
func (fc *FormatContext) SetFlags(f FormatContextFlags) { fc.c.flags = C.int(f) }

// IOFlags returns how the byte stream was opened.
func (fc *FormatContext) IOFlags() IOContextFlags { return IOContextFlags(fc.c.avio_flags) }

// MaxAnalyzeDuration returns how far FindStreamInfo reads, in TimeBase.
func (fc *FormatContext) MaxAnalyzeDuration() int64 { return int64(fc.c.max_analyze_duration) }

// ProbeScore returns how sure the guess of the format was, up to 100.
func (fc *FormatContext) ProbeScore() int { return int(fc.c.probe_score) }

// StrictStdCompliance returns how far the format may stray from its standard.
func (fc *FormatContext) StrictStdCompliance() StrictStdCompliance {
	return StrictStdCompliance(fc.c.strict_std_compliance)
}

// SetStrictStdCompliance sets how far the format may stray from its standard.
func (fc *FormatContext) SetStrictStdCompliance(strictStdCompliance StrictStdCompliance) {
	fc.c.strict_std_compliance = C.int(strictStdCompliance)
}

// GuessFrameRate returns FFmpeg's best guess of a stream's frame rate, 0/1 if it
// has none. f may be nil.
func (fc *FormatContext) GuessFrameRate(s *Stream, f *Frame) Rational {
	return newRationalFromC(C.av_guess_frame_rate(fc.c, s.c, f.ptr()))
}

// GuessSampleAspectRatio returns FFmpeg's best guess of the width to height of a
// pixel, 0/1 if it has none. f may be nil.
func (fc *FormatContext) GuessSampleAspectRatio(s *Stream, f *Frame) Rational {
	return newRationalFromC(C.av_guess_sample_aspect_ratio(fc.c, s.c, f.ptr()))
}
