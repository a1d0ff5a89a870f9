package astiav

//#include "compat.h"
import "C"

// BitRate returns the bit rate in bits a second.
func (cc *CodecContext) BitRate() int64 { return int64(cc.c.bit_rate) }

// SetBitRate sets the bit rate in bits a second.
func (cc *CodecContext) SetBitRate(v int64) { cc.c.bit_rate = C.int64_t(v) }

// ChromaLocation returns where chroma samples lie.
func (cc *CodecContext) ChromaLocation() ChromaLocation {
	return ChromaLocation(cc.c.chroma_sample_location)
}

// CodecID returns the coding.
func (cc *CodecContext) CodecID() CodecID { return CodecID(cc.c.codec_id) }

// ColorPrimaries returns the colour primaries.
func (cc *CodecContext) ColorPrimaries() ColorPrimaries { return ColorPrimaries(cc.c.color_primaries) }

// SetColorPrimaries sets the colour primaries.
func (cc *CodecContext) SetColorPrimaries(v ColorPrimaries) {
	cc.c.color_primaries = C.enum_AVColorPrimaries(v)
}

// ColorRange returns the sample range.
func (cc *CodecContext) ColorRange() ColorRange { return ColorRange(cc.c.color_range) }

// SetColorRange sets the sample range.
func (cc *CodecContext) SetColorRange(v ColorRange) { cc.c.color_range = C.enum_AVColorRange(v) }

// ColorSpace returns the YCbCr matrix.
func (cc *CodecContext) ColorSpace() ColorSpace { return ColorSpace(cc.c.colorspace) }

// SetColorSpace sets the YCbCr matrix.
func (cc *CodecContext) SetColorSpace(v ColorSpace) { cc.c.colorspace = C.enum_AVColorSpace(v) }

// ColorTransferCharacteristic returns the transfer characteristic.
func (cc *CodecContext) ColorTransferCharacteristic() ColorTransferCharacteristic {
	return ColorTransferCharacteristic(cc.c.color_trc)
}

// SetColorTransferCharacteristic sets the transfer characteristic.
func (cc *CodecContext) SetColorTransferCharacteristic(v ColorTransferCharacteristic) {
	cc.c.color_trc = C.enum_AVColorTransferCharacteristic(v)
}

// ErrorRecognitionFlags returns which damage to look for.
func (cc *CodecContext) ErrorRecognitionFlags() ErrorRecognitionFlags {
	return ErrorRecognitionFlags(cc.c.err_recognition)
}

// SetErrorRecognitionFlags sets which damage to look for.
func (cc *CodecContext) SetErrorRecognitionFlags(v ErrorRecognitionFlags) {
	cc.c.err_recognition = C.int(v)
}

// Flags returns the switches.
func (cc *CodecContext) Flags() CodecContextFlags { return CodecContextFlags(cc.c.flags) }

// SetFlags sets the switches.
func (cc *CodecContext) SetFlags(v CodecContextFlags) { cc.c.flags = C.int(v) }

// Flags2 returns the further switches.
func (cc *CodecContext) Flags2() CodecContextFlags2 { return CodecContextFlags2(cc.c.flags2) }

// SetFlags2 sets the further switches.
func (cc *CodecContext) SetFlags2(v CodecContextFlags2) { cc.c.flags2 = C.int(v) }

// FrameSize returns the samples per channel of an audio frame, 0 if it varies.
func (cc *CodecContext) FrameSize() int { return int(cc.c.frame_size) }

// GopSize returns the distance of key frames in pictures.
func (cc *CodecContext) GopSize() int { return int(cc.c.gop_size) }

// SetGopSize sets the distance of key frames in pictures.
func (cc *CodecContext) SetGopSize(v int) { cc.c.gop_size = C.int(v) }

// Height returns the height in pixels.
func (cc *CodecContext) Height() int { return int(cc.c.height) }

// SetHeight sets the height in pixels.
func (cc *CodecContext) SetHeight(v int) { cc.c.height = C.int(v) }

// Level returns the level.
func (cc *CodecContext) Level() Level { return Level(cc.c.level) }

// SetLevel sets the level.
func (cc *CodecContext) SetLevel(v Level) { cc.c.level = C.int(v) }

// MaxBFrames returns how many B pictures may follow each other.
func (cc *CodecContext) MaxBFrames() int { return int(cc.c.max_b_frames) }

// SetMaxBFrames sets how many B pictures may follow each other.
func (cc *CodecContext) SetMaxBFrames(v int) { cc.c.max_b_frames = C.int(v) }

// MediaType returns what the codec carries.
func (cc *CodecContext) MediaType() MediaType { return MediaType(cc.c.codec_type) }

// PixelFormat returns the pixel format.
func (cc *CodecContext) PixelFormat() PixelFormat { return PixelFormat(cc.c.pix_fmt) }

// SetPixelFormat sets the pixel format.
func (cc *CodecContext) SetPixelFormat(v PixelFormat) { cc.c.pix_fmt = C.enum_AVPixelFormat(v) }

// Profile returns the profile.
func (cc *CodecContext) Profile() Profile { return Profile(cc.c.profile) }

// SetProfile sets the profile.
func (cc *CodecContext) SetProfile(v Profile) { cc.c.profile = C.int(v) }

// Qmin returns the least quantiser.
func (cc *CodecContext) Qmin() int { return int(cc.c.qmin) }

// SetQmin sets the least quantiser.
func (cc *CodecContext) SetQmin(v int) { cc.c.qmin = C.int(v) }

// RateControlBufferSize returns the size of the rate control buffer in bits.
func (cc *CodecContext) RateControlBufferSize() int { return int(cc.c.rc_buffer_size) }

// SetRateControlBufferSize sets the size of the rate control buffer in bits.
func (cc *CodecContext) SetRateControlBufferSize(v int) { cc.c.rc_buffer_size = C.int(v) }

// RateControlMaxRate returns the greatest bit rate.
func (cc *CodecContext) RateControlMaxRate() int64 { return int64(cc.c.rc_max_rate) }

// SetRateControlMaxRate sets the greatest bit rate.
func (cc *CodecContext) SetRateControlMaxRate(v int64) { cc.c.rc_max_rate = C.int64_t(v) }

// RateControlMinRate returns the least bit rate.
func (cc *CodecContext) RateControlMinRate() int64 { return int64(cc.c.rc_min_rate) }

// SetRateControlMinRate sets the least bit rate.
func (cc *CodecContext) SetRateControlMinRate(v int64) { cc.c.rc_min_rate = C.int64_t(v) }

// SampleFormat returns the sample format.
func (cc *CodecContext) SampleFormat() SampleFormat { return SampleFormat(cc.c.sample_fmt) }

// SetSampleFormat sets the sample format.
func (cc *CodecContext) SetSampleFormat(v SampleFormat) { cc.c.sample_fmt = C.enum_AVSampleFormat(v) }

// SampleRate returns the audio samples a second.
func (cc *CodecContext) SampleRate() int { return int(cc.c.sample_rate) }

// SetSampleRate sets the audio samples a second.
func (cc *CodecContext) SetSampleRate(v int) { cc.c.sample_rate = C.int(v) }

// StrictStdCompliance returns how far the codec may stray from its standard.
func (cc *CodecContext) StrictStdCompliance() StrictStdCompliance {
	return StrictStdCompliance(cc.c.strict_std_compliance)
}

// SetStrictStdCompliance sets how far the codec may stray from its standard.
func (cc *CodecContext) SetStrictStdCompliance(v StrictStdCompliance) {
	cc.c.strict_std_compliance = C.int(v)
}

// ThreadCount returns the number of threads, 0 for one per processor.
func (cc *CodecContext) ThreadCount() int { return int(cc.c.thread_count) }

// SetThreadCount sets the number of threads, 0 for one per processor.
func (cc *CodecContext) SetThreadCount(v int) { cc.c.thread_count = C.int(v) }

// ThreadType returns what threads share out.
func (cc *CodecContext) ThreadType() ThreadType { return ThreadType(cc.c.thread_type) }

// SetThreadType sets what threads share out.
func (cc *CodecContext) SetThreadType(v ThreadType) { cc.c.thread_type = C.int(v) }

// Width returns the width in pixels.
func (cc *CodecContext) Width() int { return int(cc.c.width) }

// SetWidth sets the width in pixels.
func (cc *CodecContext) SetWidth(v int) { cc.c.width = C.int(v) }

// Framerate returns the frames a second, 0/1 if unknown.
func (cc *CodecContext) Framerate() Rational { return newRationalFromC(cc.c.framerate) }

// SetFramerate sets the frames a second, 0/1 if unknown.
func (cc *CodecContext) SetFramerate(r Rational) { cc.c.framerate = r.c }

// SampleAspectRatio returns the width to height of a pixel.
func (cc *CodecContext) SampleAspectRatio() Rational {
	return newRationalFromC(cc.c.sample_aspect_ratio)
}

// SetSampleAspectRatio sets the width to height of a pixel.
func (cc *CodecContext) SetSampleAspectRatio(r Rational) { cc.c.sample_aspect_ratio = r.c }

// TimeBase returns the unit of timestamps; an encoder needs it set.
func (cc *CodecContext) TimeBase() Rational { return newRationalFromC(cc.c.time_base) }

// SetTimeBase sets the unit of timestamps; an encoder needs it set.
func (cc *CodecContext) SetTimeBase(r Rational) { cc.c.time_base = r.c }

// ChannelLayout returns the audio channels.
func (cc *CodecContext) ChannelLayout() ChannelLayout { return newChannelLayout(&cc.c.ch_layout) }

// SetChannelLayout sets the audio channels.
func (cc *CodecContext) SetChannelLayout(l ChannelLayout) {
	C.av_channel_layout_copy(&cc.c.ch_layout, &l.c)
}
