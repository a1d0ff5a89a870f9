package astiav

//#include "compat.h"
//#include <stdlib.h>
import "C"

import "unsafe"

// Codec is one implementation of a coding, a decoder or an encoder. It is static.
type Codec struct {
	c *C.AVCodec
}

func newCodecFromC(c *C.AVCodec) *Codec {
	if c == nil {
		return nil
	}
	return &Codec{c: c}
}

// ptr returns nil for a nil Codec.
func (c *Codec) ptr() *C.AVCodec {
	if c == nil {
		return nil
	}
	return c.c
}

// FindDecoder returns the preferred decoder of a coding, nil if there is none.
func FindDecoder(id CodecID) *Codec {
	return newCodecFromC(C.avcodec_find_decoder(C.enum_AVCodecID(id)))
}

// FindDecoderByName returns a decoder such as "h264_cuvid", nil if there is none.
func FindDecoderByName(n string) *Codec {
	name := C.CString(n)
	defer C.free(unsafe.Pointer(name))
	return newCodecFromC(C.avcodec_find_decoder_by_name(name))
}

// FindEncoder returns the preferred encoder of a coding, nil if there is none.
func FindEncoder(id CodecID) *Codec {
	return newCodecFromC(C.avcodec_find_encoder(C.enum_AVCodecID(id)))
}

// FindEncoderByName returns an encoder such as "libx264", nil if there is none.
func FindEncoderByName(n string) *Codec {
	name := C.CString(n)
	defer C.free(unsafe.Pointer(name))
	return newCodecFromC(C.avcodec_find_encoder_by_name(name))
}

// Codecs returns all decoders and encoders of this FFmpeg.
func Codecs() (cs []*Codec) {
	var state unsafe.Pointer
	for c := C.av_codec_iterate(&state); c != nil; c = C.av_codec_iterate(&state) {
		cs = append(cs, newCodecFromC(c))
	}
	return cs
}

// ID returns the coding.
func (c *Codec) ID() CodecID { return CodecID(c.c.id) }

// Name returns the name of the implementation, such as "libx264".
func (c *Codec) Name() string { return C.GoString(c.c.name) }

// LongName returns a name for people.
func (c *Codec) LongName() string { return C.GoString(c.c.long_name) }

// String returns Name.
func (c *Codec) String() string { return c.Name() }

// IsDecoder reports whether the codec decodes.
func (c *Codec) IsDecoder() bool { return C.av_codec_is_decoder(c.c) != 0 }

// IsEncoder reports whether the codec encodes.
func (c *Codec) IsEncoder() bool { return C.av_codec_is_encoder(c.c) != 0 }

// listUntil converts a C array that ends where end says so.
func listUntil[C, G any](first *C, end func(C) bool, convert func(C) G) (o []G) {
	for p := first; p != nil && !end(*p); p = (*C)(unsafe.Add(unsafe.Pointer(p), unsafe.Sizeof(*p))) {
		o = append(o, convert(*p))
	}
	return o
}

// SupportedPixelFormats returns the pixel formats the codec takes or gives, nil if
// it does not say.
func (c *Codec) SupportedPixelFormats() (o []PixelFormat) {
	return listUntil(C.compat_codec_pixel_formats(c.c),
		func(f int32) bool { return f == int32(C.AV_PIX_FMT_NONE) },
		func(f int32) PixelFormat { return PixelFormat(f) })
}

// SupportedSampleFormats returns the sample formats the codec takes or gives, nil
// if it does not say.
func (c *Codec) SupportedSampleFormats() (o []SampleFormat) {
	return listUntil(C.compat_codec_sample_formats(c.c),
		func(f int32) bool { return f == int32(C.AV_SAMPLE_FMT_NONE) },
		func(f int32) SampleFormat { return SampleFormat(f) })
}

// SupportedFrameRates returns the frame rates the codec takes, nil for any.
func (c *Codec) SupportedFrameRates() (o []Rational) {
	return listUntil(C.compat_codec_frame_rates(c.c),
		func(r C.AVRational) bool { return r.num == 0 },
		newRationalFromC)
}

// SupportedSampleRates returns the sample rates the codec takes, nil for any.
func (c *Codec) SupportedSampleRates() (o []int) {
	return listUntil(C.compat_codec_sample_rates(c.c),
		func(r C.int) bool { return r == 0 },
		func(r C.int) int { return int(r) })
}
