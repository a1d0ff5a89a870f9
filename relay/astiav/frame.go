package astiav

//#include "compat.h"
//#include <libavutil/imgutils.h>
//#include <libavutil/samplefmt.h>
//static int frame_fill_black(AVFrame *f) {
//  ptrdiff_t linesizes[4];
//  for (int i = 0; i < 4; i++) linesizes[i] = f->linesize[i];
//  return av_image_fill_black(f->data, linesizes, f->format, f->color_range, f->width, f->height);
//}
import "C"

import "unsafe"

// NumDataPointers is the number of planes a Frame has room for.
const NumDataPointers = uint(C.AV_NUM_DATA_POINTERS)

// Frame is a decoded picture or piece of audio, with references to its planes
// (AVFrame).
type Frame struct {
	c *C.AVFrame
}

func newFrameFromC(c *C.AVFrame) *Frame {
	if c == nil {
		return nil
	}
	return &Frame{c: c}
}

// ptr returns nil for a nil Frame, which FFmpeg takes as the end of the stream.
func (f *Frame) ptr() *C.AVFrame {
	if f == nil {
		return nil
	}
	return f.c
}

// AllocFrame returns a frame without planes, nil without memory.
func AllocFrame() *Frame { return newFrameFromC(C.av_frame_alloc()) }

// AllocBuffer gives the frame planes for its format, width and height (or sample
// format, samples and channels). align is the alignment of rows, 0 for what the
// processor likes. Planes the frame had are dropped first by Unref, not here.
func (f *Frame) AllocBuffer(align int) error {
	return newError(C.av_frame_get_buffer(f.c, C.int(align)))
}

// Free releases the frame and its references.
func (f *Frame) Free() { C.av_frame_free(&f.c) }

// Unref drops the planes and resets the fields; the frame can be used again.
func (f *Frame) Unref() { C.av_frame_unref(f.c) }

// Ref makes f, which must be blank, a further reference to the planes of src.
func (f *Frame) Ref(src *Frame) error { return newError(C.av_frame_ref(f.c, src.c)) }

// MoveRef moves everything from src to f, which must be blank; src becomes blank.
func (f *Frame) MoveRef(src *Frame) { C.av_frame_move_ref(f.c, src.c) }

// Clone returns a further reference to the same planes, nil without memory.
func (f *Frame) Clone() *Frame { return newFrameFromC(C.av_frame_clone(f.c)) }

// Copy copies the samples into the planes of dst, which has the same format and
// size and is writable.
func (f *Frame) Copy(dst *Frame) error { return newError(C.av_frame_copy(dst.c, f.c)) }

// IsWritable reports whether no other reference to the planes exists.
func (f *Frame) IsWritable() bool { return C.av_frame_is_writable(f.c) > 0 }

// MakeWritable copies the planes if another reference exists.
func (f *Frame) MakeWritable() error { return newError(C.av_frame_make_writable(f.c)) }

// UnsafePointer returns the AVFrame, for other C libraries.
func (f *Frame) UnsafePointer() unsafe.Pointer { return unsafe.Pointer(f.c) }

// Data gives access to the samples.
func (f *Frame) Data() *FrameData { return &FrameData{f: f} }

// Linesize returns the bytes from one row to the next of each plane.
func (f *Frame) Linesize() [NumDataPointers]int {
	var l [NumDataPointers]int
	for i := range l {
		l[i] = int(f.c.linesize[i])
	}
	return l
}

// Metadata returns the borrowed metadata, nil if there is none.
func (f *Frame) Metadata() *Dictionary { return newDictionaryFromC(f.c.metadata) }

// Flags returns the properties; FrameFlagKey marks a key frame.
func (f *Frame) Flags() FrameFlags { return FrameFlags(C.compat_frame_flags(f.c)) }

// SetFlags sets the properties.
func (f *Frame) SetFlags(fs FrameFlags) { C.compat_frame_set_flags(f.c, C.int(fs)) }

// ImageBufferSize returns the bytes that the picture needs without gaps, rows
// being a multiple of align.
func (f *Frame) ImageBufferSize(align int) (int, error) {
	ret := C.av_image_get_buffer_size(C.enum_AVPixelFormat(f.c.format), f.c.width, f.c.height, C.int(align))
	return int(max(ret, 0)), newError(ret)
}

// ImageCopyToBuffer copies the picture into b, planes one after the other, rows
// being a multiple of align, and returns the bytes written. Too short a buffer is
// an error.
func (f *Frame) ImageCopyToBuffer(b []byte, align int) (int, error) {
	if f.c.data[0] == nil {
		return 0, errInvalidArgument
	}
	ret := C.av_image_copy_to_buffer((*C.uint8_t)(unsafe.SliceData(b)), C.int(len(b)),
		&f.c.data[0], &f.c.linesize[0], C.enum_AVPixelFormat(f.c.format), f.c.width, f.c.height, C.int(align))
	return int(max(ret, 0)), newError(ret)
}

// ImageFillBlack makes the picture, which must be writable, black.
func (f *Frame) ImageFillBlack() error {
	if f.c.data[0] == nil {
		return errInvalidArgument
	}
	return newError(C.frame_fill_black(f.c))
}

// SamplesBufferSize returns the bytes that the audio samples need.
func (f *Frame) SamplesBufferSize(align int) (int, error) {
	ret := C.av_samples_get_buffer_size(nil, f.c.ch_layout.nb_channels, f.c.nb_samples,
		C.enum_AVSampleFormat(f.c.format), C.int(align))
	return int(max(ret, 0)), newError(ret)
}

// SamplesCopyToBuffer copies the audio samples into b, planes one after the other,
// and returns the bytes written. Too short a buffer is an error.
func (f *Frame) SamplesCopyToBuffer(b []byte, align int) (int, error) {
	n, err := f.SamplesBufferSize(align)
	if err != nil {
		return 0, err
	}
	if n == 0 || n > len(b) || f.c.data[0] == nil {
		return 0, errInvalidArgument
	}
	planes := 1
	if SampleFormat(f.c.format).IsPlanar() {
		planes = int(f.c.ch_layout.nb_channels)
	}
	size := n / planes
	for i, data := range unsafe.Slice(f.c.extended_data, planes) {
		copy(b[i*size:(i+1)*size], unsafe.Slice((*byte)(data), f.c.linesize[0]))
	}
	return n, nil
}

// SamplesFillSilence makes the audio, which must be writable, silent.
func (f *Frame) SamplesFillSilence() error {
	if f.c.data[0] == nil {
		return errInvalidArgument
	}
	return newError(C.av_samples_set_silence(f.c.extended_data, 0, f.c.nb_samples,
		f.c.ch_layout.nb_channels, C.enum_AVSampleFormat(f.c.format)))
}

// ColorRange returns the sample range.
func (f *Frame) ColorRange() ColorRange { return ColorRange(f.c.color_range) }

// SetColorRange sets the sample range.
func (f *Frame) SetColorRange(v ColorRange) { f.c.color_range = C.enum_AVColorRange(v) }

// ColorSpace returns the YCbCr matrix.
func (f *Frame) ColorSpace() ColorSpace { return ColorSpace(f.c.colorspace) }

// SetColorSpace sets the YCbCr matrix.
func (f *Frame) SetColorSpace(v ColorSpace) { f.c.colorspace = C.enum_AVColorSpace(v) }

// Height returns the height in pixels.
func (f *Frame) Height() int { return int(f.c.height) }

// SetHeight sets the height in pixels.
func (f *Frame) SetHeight(v int) { f.c.height = C.int(v) }

// NbSamples returns the audio samples per channel.
func (f *Frame) NbSamples() int { return int(f.c.nb_samples) }

// SetNbSamples sets the audio samples per channel.
func (f *Frame) SetNbSamples(v int) { f.c.nb_samples = C.int(v) }

// PictureType returns how the picture was coded; given to an encoder, how it must be coded.
func (f *Frame) PictureType() PictureType { return PictureType(f.c.pict_type) }

// SetPictureType sets how the picture was coded; given to an encoder, how it must be coded.
func (f *Frame) SetPictureType(v PictureType) { f.c.pict_type = C.enum_AVPictureType(v) }

// PixelFormat returns the pixel format of video.
func (f *Frame) PixelFormat() PixelFormat { return PixelFormat(f.c.format) }

// SetPixelFormat sets the pixel format of video.
func (f *Frame) SetPixelFormat(v PixelFormat) { f.c.format = C.int(v) }

// PktDts returns the decoding time of the packet the frame came from.
func (f *Frame) PktDts() int64 { return int64(f.c.pkt_dts) }

// Pts returns the presentation time, or NoPtsValue.
func (f *Frame) Pts() int64 { return int64(f.c.pts) }

// SetPts sets the presentation time, or NoPtsValue.
func (f *Frame) SetPts(v int64) { f.c.pts = C.int64_t(v) }

// SampleFormat returns the sample format of audio.
func (f *Frame) SampleFormat() SampleFormat { return SampleFormat(f.c.format) }

// SetSampleFormat sets the sample format of audio.
func (f *Frame) SetSampleFormat(v SampleFormat) { f.c.format = C.int(v) }

// SampleRate returns the audio samples a second.
func (f *Frame) SampleRate() int { return int(f.c.sample_rate) }

// SetSampleRate sets the audio samples a second.
func (f *Frame) SetSampleRate(v int) { f.c.sample_rate = C.int(v) }

// Width returns the width in pixels.
func (f *Frame) Width() int { return int(f.c.width) }

// SetWidth sets the width in pixels.
func (f *Frame) SetWidth(v int) { f.c.width = C.int(v) }

// SampleAspectRatio returns the width to height of a pixel.
func (f *Frame) SampleAspectRatio() Rational { return newRationalFromC(f.c.sample_aspect_ratio) }

// SetSampleAspectRatio sets the width to height of a pixel.
func (f *Frame) SetSampleAspectRatio(r Rational) { f.c.sample_aspect_ratio = r.c }

// ChannelLayout returns the audio channels.
func (f *Frame) ChannelLayout() ChannelLayout { return newChannelLayout(&f.c.ch_layout) }

// SetChannelLayout sets the audio channels.
func (f *Frame) SetChannelLayout(l ChannelLayout) {
	C.av_channel_layout_copy(&f.c.ch_layout, &l.c)
}
