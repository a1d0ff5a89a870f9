package astiav

//#include "compat.h"
import "C"

// MediaType is what a stream carries.
type MediaType C.enum_AVMediaType

// Media types of libavutil/avutil.h.
const (
	MediaTypeAttachment = MediaType(C.AVMEDIA_TYPE_ATTACHMENT)
	MediaTypeAudio      = MediaType(C.AVMEDIA_TYPE_AUDIO)
	MediaTypeData       = MediaType(C.AVMEDIA_TYPE_DATA)
	MediaTypeNb         = MediaType(C.AVMEDIA_TYPE_NB)
	MediaTypeSubtitle   = MediaType(C.AVMEDIA_TYPE_SUBTITLE)
	MediaTypeUnknown    = MediaType(C.AVMEDIA_TYPE_UNKNOWN)
	MediaTypeVideo      = MediaType(C.AVMEDIA_TYPE_VIDEO)
)

// String returns FFmpeg's name, such as "video"; empty for an unknown type.
func (t MediaType) String() string {
	return C.GoString(C.av_get_media_type_string(C.enum_AVMediaType(t)))
}

// PictureType is how a picture was coded.
type PictureType C.enum_AVPictureType

// Picture types of libavutil/avutil.h.
const (
	PictureTypeNone = PictureType(C.AV_PICTURE_TYPE_NONE)
	PictureTypeI    = PictureType(C.AV_PICTURE_TYPE_I)
	PictureTypeP    = PictureType(C.AV_PICTURE_TYPE_P)
	PictureTypeB    = PictureType(C.AV_PICTURE_TYPE_B)
	PictureTypeS    = PictureType(C.AV_PICTURE_TYPE_S)
	PictureTypeSi   = PictureType(C.AV_PICTURE_TYPE_SI)
	PictureTypeSp   = PictureType(C.AV_PICTURE_TYPE_SP)
	PictureTypeBi   = PictureType(C.AV_PICTURE_TYPE_BI)
)

// String returns one letter, "?" for none.
func (t PictureType) String() string {
	return string(rune(C.av_get_picture_type_char(C.enum_AVPictureType(t))))
}

// Discard says which packets a demuxer or decoder may drop.
type Discard C.enum_AVDiscard

// Values of Discard, each dropping more than the one before.
const (
	DiscardNone          = Discard(C.AVDISCARD_NONE)
	DiscardDefault       = Discard(C.AVDISCARD_DEFAULT)
	DiscardNonRef        = Discard(C.AVDISCARD_NONREF)
	DiscardBidirectional = Discard(C.AVDISCARD_BIDIR)
	DiscardNonIntra      = Discard(C.AVDISCARD_NONINTRA)
	DiscardNonKey        = Discard(C.AVDISCARD_NONKEY)
	DiscardAll           = Discard(C.AVDISCARD_ALL)
)

// SampleFormat is how audio samples lie in memory.
type SampleFormat C.enum_AVSampleFormat

// Sample formats of libavutil/samplefmt.h; a final P means one plane a channel.
const (
	SampleFormatDbl  = SampleFormat(C.AV_SAMPLE_FMT_DBL)
	SampleFormatDblp = SampleFormat(C.AV_SAMPLE_FMT_DBLP)
	SampleFormatFlt  = SampleFormat(C.AV_SAMPLE_FMT_FLT)
	SampleFormatFltp = SampleFormat(C.AV_SAMPLE_FMT_FLTP)
	SampleFormatNone = SampleFormat(C.AV_SAMPLE_FMT_NONE)
	SampleFormatS16  = SampleFormat(C.AV_SAMPLE_FMT_S16)
	SampleFormatS16P = SampleFormat(C.AV_SAMPLE_FMT_S16P)
	SampleFormatS32  = SampleFormat(C.AV_SAMPLE_FMT_S32)
	SampleFormatS32P = SampleFormat(C.AV_SAMPLE_FMT_S32P)
	SampleFormatU8   = SampleFormat(C.AV_SAMPLE_FMT_U8)
	SampleFormatU8P  = SampleFormat(C.AV_SAMPLE_FMT_U8P)
)

// Name returns FFmpeg's name, such as "fltp"; empty where there is none.
func (f SampleFormat) Name() string {
	return C.GoString(C.av_get_sample_fmt_name(C.enum_AVSampleFormat(f)))
}

// String returns Name.
func (f SampleFormat) String() string { return f.Name() }

// BytesPerSample returns the size of one sample of one channel, 0 if unknown.
func (f SampleFormat) BytesPerSample() int {
	return int(C.av_get_bytes_per_sample(C.enum_AVSampleFormat(f)))
}

// IsPlanar reports whether each channel has its own plane.
func (f SampleFormat) IsPlanar() bool {
	return C.av_sample_fmt_is_planar(C.enum_AVSampleFormat(f)) != 0
}

// StrictStdCompliance is how far a codec may stray from its standard.
type StrictStdCompliance int

// Values of StrictStdCompliance, from strict to lax.
const (
	StrictStdComplianceVeryStrict   = StrictStdCompliance(C.FF_COMPLIANCE_VERY_STRICT)
	StrictStdComplianceStrict       = StrictStdCompliance(C.FF_COMPLIANCE_STRICT)
	StrictStdComplianceNormal       = StrictStdCompliance(C.FF_COMPLIANCE_NORMAL)
	StrictStdComplianceUnofficial   = StrictStdCompliance(C.FF_COMPLIANCE_UNOFFICIAL)
	StrictStdComplianceExperimental = StrictStdCompliance(C.FF_COMPLIANCE_EXPERIMENTAL)
)

// ThreadType says what a codec's threads share out; frame threads add delay.
type ThreadType int

// Values of ThreadType; they may be or-ed.
const (
	ThreadTypeFrame     = ThreadType(C.FF_THREAD_FRAME)
	ThreadTypeSlice     = ThreadType(C.FF_THREAD_SLICE)
	ThreadTypeUndefined = ThreadType(0)
)
