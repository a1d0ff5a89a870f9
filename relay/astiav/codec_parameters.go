package astiav

//#include "compat.h"
import "C"

// CodecParameters describes a coded stream (AVCodecParameters). AllocCodecParameters
// makes one to be freed; those of a Stream or BitStreamFilterContext are borrowed.
type CodecParameters struct {
	c *C.AVCodecParameters
}

func newCodecParametersFromC(c *C.AVCodecParameters) *CodecParameters {
	if c == nil {
		return nil
	}
	return &CodecParameters{c: c}
}

// AllocCodecParameters returns empty parameters, nil without memory.
func AllocCodecParameters() *CodecParameters {
	return newCodecParametersFromC(C.avcodec_parameters_alloc())
}

// Free releases parameters made by AllocCodecParameters.
func (cp *CodecParameters) Free() { C.avcodec_parameters_free(&cp.c) }

// Copy overwrites dst with cp.
func (cp *CodecParameters) Copy(dst *CodecParameters) error {
	return newError(C.avcodec_parameters_copy(dst.c, cp.c))
}

// FromCodecContext overwrites cp with the parameters of cc.
func (cp *CodecParameters) FromCodecContext(cc *CodecContext) error {
	return newError(C.avcodec_parameters_from_context(cp.c, cc.c))
}

// ToCodecContext sets the parameters on cc, which is not yet open.
func (cp *CodecParameters) ToCodecContext(cc *CodecContext) error {
	return newError(C.avcodec_parameters_to_context(cc.c, cp.c))
}

// ExtraData returns a copy of the out-of-band headers: for H.264 and H.265 in MP4
// or FLV the avcC or hvcC record, elsewhere parameter sets in Annex B; nil if none.
func (cp *CodecParameters) ExtraData() []byte {
	return copyBytes(cp.c.extradata, cp.c.extradata_size)
}

// SetExtraData replaces the headers by a copy of b; an empty b changes nothing.
func (cp *CodecParameters) SetExtraData(b []byte) error {
	return replacePadded(b, &cp.c.extradata, &cp.c.extradata_size)
}

// ProfileName returns FFmpeg's name of the profile, empty if unknown.
func (cp *CodecParameters) ProfileName() string {
	return C.GoString(C.avcodec_profile_name(cp.c.codec_id, cp.c.profile))
}

// BitRate returns the average bit rate in bits a second, 0 if unknown.
func (cp *CodecParameters) BitRate() int64 { return int64(cp.c.bit_rate) }

// ChromaLocation returns where chroma samples lie.
func (cp *CodecParameters) ChromaLocation() ChromaLocation {
	return ChromaLocation(cp.c.chroma_location)
}

// CodecID returns the coding.
func (cp *CodecParameters) CodecID() CodecID { return CodecID(cp.c.codec_id) }

// SetCodecID sets the coding.
func (cp *CodecParameters) SetCodecID(v CodecID) { cp.c.codec_id = C.enum_AVCodecID(v) }

// CodecTag returns the four-character code of the container.
func (cp *CodecParameters) CodecTag() CodecTag { return CodecTag(cp.c.codec_tag) }

// SetCodecTag sets the four-character code of the container.
func (cp *CodecParameters) SetCodecTag(v CodecTag) { cp.c.codec_tag = C.uint32_t(v) }

// ColorPrimaries returns the colour primaries.
func (cp *CodecParameters) ColorPrimaries() ColorPrimaries {
	return ColorPrimaries(cp.c.color_primaries)
}

// ColorRange returns the sample range.
func (cp *CodecParameters) ColorRange() ColorRange { return ColorRange(cp.c.color_range) }

// SetColorRange sets the sample range.
func (cp *CodecParameters) SetColorRange(v ColorRange) { cp.c.color_range = C.enum_AVColorRange(v) }

// ColorSpace returns the YCbCr matrix.
func (cp *CodecParameters) ColorSpace() ColorSpace { return ColorSpace(cp.c.color_space) }

// SetColorSpace sets the YCbCr matrix.
func (cp *CodecParameters) SetColorSpace(v ColorSpace) { cp.c.color_space = C.enum_AVColorSpace(v) }

// ColorTransferCharacteristic returns the transfer characteristic.
func (cp *CodecParameters) ColorTransferCharacteristic() ColorTransferCharacteristic {
	return ColorTransferCharacteristic(cp.c.color_trc)
}

// FrameSize returns the samples per channel of an audio frame.
func (cp *CodecParameters) FrameSize() int { return int(cp.c.frame_size) }

// SetFrameSize sets the samples per channel of an audio frame.
func (cp *CodecParameters) SetFrameSize(v int) { cp.c.frame_size = C.int(v) }

// Height returns the height in pixels.
func (cp *CodecParameters) Height() int { return int(cp.c.height) }

// SetHeight sets the height in pixels.
func (cp *CodecParameters) SetHeight(v int) { cp.c.height = C.int(v) }

// Level returns the level.
func (cp *CodecParameters) Level() Level { return Level(cp.c.level) }

// SetLevel sets the level.
func (cp *CodecParameters) SetLevel(v Level) { cp.c.level = C.int(v) }

// MediaType returns what the stream carries.
func (cp *CodecParameters) MediaType() MediaType { return MediaType(cp.c.codec_type) }

// SetMediaType sets what the stream carries.
func (cp *CodecParameters) SetMediaType(v MediaType) { cp.c.codec_type = C.enum_AVMediaType(v) }

// PixelFormat returns the pixel format of video.
func (cp *CodecParameters) PixelFormat() PixelFormat { return PixelFormat(cp.c.format) }

// SetPixelFormat sets the pixel format of video.
func (cp *CodecParameters) SetPixelFormat(v PixelFormat) { cp.c.format = C.int(v) }

// Profile returns the profile.
func (cp *CodecParameters) Profile() Profile { return Profile(cp.c.profile) }

// SetProfile sets the profile.
func (cp *CodecParameters) SetProfile(v Profile) { cp.c.profile = C.int(v) }

// SampleFormat returns the sample format of audio.
func (cp *CodecParameters) SampleFormat() SampleFormat { return SampleFormat(cp.c.format) }

// SetSampleFormat sets the sample format of audio.
func (cp *CodecParameters) SetSampleFormat(v SampleFormat) { cp.c.format = C.int(v) }

// SampleRate returns the audio samples a second.
func (cp *CodecParameters) SampleRate() int { return int(cp.c.sample_rate) }

// SetSampleRate sets the audio samples a second.
func (cp *CodecParameters) SetSampleRate(v int) { cp.c.sample_rate = C.int(v) }

// Width returns the width in pixels.
func (cp *CodecParameters) Width() int { return int(cp.c.width) }

// SetWidth sets the width in pixels.
func (cp *CodecParameters) SetWidth(v int) { cp.c.width = C.int(v) }

// SampleAspectRatio returns the width to height of a pixel.
func (cp *CodecParameters) SampleAspectRatio() Rational {
	return newRationalFromC(cp.c.sample_aspect_ratio)
}

// SetSampleAspectRatio sets the width to height of a pixel.
func (cp *CodecParameters) SetSampleAspectRatio(r Rational) { cp.c.sample_aspect_ratio = r.c }

// ChannelLayout returns the audio channels.
func (cp *CodecParameters) ChannelLayout() ChannelLayout { return newChannelLayout(&cp.c.ch_layout) }

// SetChannelLayout sets the audio channels.
func (cp *CodecParameters) SetChannelLayout(l ChannelLayout) {
	C.av_channel_layout_copy(&cp.c.ch_layout, &l.c)
}
