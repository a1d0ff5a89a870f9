package astiav

//#include "compat.h"
import "C"

import "unsafe"

// Stream is one elementary stream of a FormatContext, from which it borrows.
type Stream struct {
	c *C.AVStream
}

func newStreamFromC(c *C.AVStream) *Stream {
	if c == nil {
		return nil
	}
	return &Stream{c: c}
}

// Class returns what FFmpeg's log calls the stream.
func (s *Stream) Class() *Class { return newClass(unsafe.Pointer(s.c)) }

// CodecParameters returns the borrowed parameters of the stream.
func (s *Stream) CodecParameters() *CodecParameters { return newCodecParametersFromC(s.c.codecpar) }

// Metadata returns the borrowed metadata, nil if there is none.
func (s *Stream) Metadata() *Dictionary { return newDictionaryFromC(s.c.metadata) }

// PTSWrapBits returns how many bits a timestamp has before it wraps.
func (s *Stream) PTSWrapBits() int { return int(s.c.pts_wrap_bits) }

// Discard returns which packets may be dropped.
func (s *Stream) Discard() Discard { return Discard(s.c.discard) }

// SetDiscard sets which packets may be dropped.
func (s *Stream) SetDiscard(v Discard) { s.c.discard = C.enum_AVDiscard(v) }

// DispositionFlags returns the properties within the container.
func (s *Stream) DispositionFlags() DispositionFlags { return DispositionFlags(s.c.disposition) }

// SetDispositionFlags sets the properties within the container.
func (s *Stream) SetDispositionFlags(v DispositionFlags) { s.c.disposition = C.int(v) }

// Duration returns the duration in TimeBase, or NoPtsValue.
func (s *Stream) Duration() int64 { return int64(s.c.duration) }

// ID returns the identifier of the container format.
func (s *Stream) ID() int { return int(s.c.id) }

// SetID sets the identifier of the container format.
func (s *Stream) SetID(v int) { s.c.id = C.int(v) }

// Index returns the index within the FormatContext.
func (s *Stream) Index() int { return int(s.c.index) }

// SetIndex sets the index within the FormatContext.
func (s *Stream) SetIndex(v int) { s.c.index = C.int(v) }

// NbFrames returns the number of frames, 0 if unknown.
func (s *Stream) NbFrames() int64 { return int64(s.c.nb_frames) }

// StartTime returns the first presentation time in TimeBase, or NoPtsValue.
func (s *Stream) StartTime() int64 { return int64(s.c.start_time) }

// SetStartTime sets the first presentation time in TimeBase, or NoPtsValue.
func (s *Stream) SetStartTime(v int64) { s.c.start_time = C.int64_t(v) }

// AvgFrameRate returns the average frame rate.
func (s *Stream) AvgFrameRate() Rational { return newRationalFromC(s.c.avg_frame_rate) }

// SetAvgFrameRate sets the average frame rate.
func (s *Stream) SetAvgFrameRate(r Rational) { s.c.avg_frame_rate = r.c }

// RFrameRate returns the least frame rate that can express all timestamps, a guess.
func (s *Stream) RFrameRate() Rational { return newRationalFromC(s.c.r_frame_rate) }

// SetRFrameRate sets the least frame rate that can express all timestamps, a guess.
func (s *Stream) SetRFrameRate(r Rational) { s.c.r_frame_rate = r.c }

// SampleAspectRatio returns the width to height of a pixel as the container has it.
func (s *Stream) SampleAspectRatio() Rational { return newRationalFromC(s.c.sample_aspect_ratio) }

// SetSampleAspectRatio sets the width to height of a pixel as the container has it.
func (s *Stream) SetSampleAspectRatio(r Rational) { s.c.sample_aspect_ratio = r.c }

// TimeBase returns the unit of all times of the stream.
func (s *Stream) TimeBase() Rational { return newRationalFromC(s.c.time_base) }

// SetTimeBase sets the unit of all times of the stream.
func (s *Stream) SetTimeBase(r Rational) { s.c.time_base = r.c }
