package astiav

//#include "compat.h"
//#include <libavutil/opt.h>
//#include <libswscale/swscale.h>
import "C"

// flagSet is a set of flags F, held as FFmpeg holds it: one bit each.
type flagSet[F ~int64] uint64

func newFlagSet[F ~int64](fs []F) (s flagSet[F]) {
	for _, f := range fs {
		s = s.Add(f)
	}
	return s
}

// Add returns the set with f.
func (fs flagSet[F]) Add(f F) flagSet[F] { return fs | flagSet[F](f) }

// Del returns the set without f.
func (fs flagSet[F]) Del(f F) flagSet[F] { return fs &^ flagSet[F](f) }

// Has reports whether all bits of f are in the set.
func (fs flagSet[F]) Has(f F) bool { return fs&flagSet[F](f) == flagSet[F](f) }

// CodecContextFlag is a switch of a codec (AV_CODEC_FLAG_*).
type CodecContextFlag int64

// Values of CodecContextFlag.
const (
	CodecContextFlagUnaligned     = CodecContextFlag(C.AV_CODEC_FLAG_UNALIGNED)
	CodecContextFlagQscale        = CodecContextFlag(C.AV_CODEC_FLAG_QSCALE)
	CodecContextFlag4Mv           = CodecContextFlag(C.AV_CODEC_FLAG_4MV)
	CodecContextFlagOutputCorrupt = CodecContextFlag(C.AV_CODEC_FLAG_OUTPUT_CORRUPT)
	CodecContextFlagQpel          = CodecContextFlag(C.AV_CODEC_FLAG_QPEL)
	CodecContextFlagPass1         = CodecContextFlag(C.AV_CODEC_FLAG_PASS1)
	CodecContextFlagPass2         = CodecContextFlag(C.AV_CODEC_FLAG_PASS2)
	CodecContextFlagLoopFilter    = CodecContextFlag(C.AV_CODEC_FLAG_LOOP_FILTER)
	CodecContextFlagGray          = CodecContextFlag(C.AV_CODEC_FLAG_GRAY)
	CodecContextFlagPsnr          = CodecContextFlag(C.AV_CODEC_FLAG_PSNR)
	CodecContextFlagInterlacedDct = CodecContextFlag(C.AV_CODEC_FLAG_INTERLACED_DCT)
	CodecContextFlagLowDelay      = CodecContextFlag(C.AV_CODEC_FLAG_LOW_DELAY)
	CodecContextFlagGlobalHeader  = CodecContextFlag(C.AV_CODEC_FLAG_GLOBAL_HEADER)
	CodecContextFlagBitexact      = CodecContextFlag(C.AV_CODEC_FLAG_BITEXACT)
	CodecContextFlagAcPred        = CodecContextFlag(C.AV_CODEC_FLAG_AC_PRED)
	CodecContextFlagInterlacedMe  = CodecContextFlag(C.AV_CODEC_FLAG_INTERLACED_ME)
	CodecContextFlagClosedGop     = CodecContextFlag(C.AV_CODEC_FLAG_CLOSED_GOP)
	OptionSearchFlagChildren      = CodecContextFlag(C.AV_OPT_SEARCH_CHILDREN)
	OptionSearchFlagFakeObject    = CodecContextFlag(C.AV_OPT_SEARCH_FAKE_OBJ)
)

// CodecContextFlags is a set of CodecContextFlag.
type CodecContextFlags = flagSet[CodecContextFlag]

// NewCodecContextFlags returns the set of fs.
func NewCodecContextFlags(fs ...CodecContextFlag) CodecContextFlags { return newFlagSet(fs) }

// CodecContextFlag2 is a further switch of a codec (AV_CODEC_FLAG2_*).
type CodecContextFlag2 int64

// Values of CodecContextFlag2.
const (
	CodecFlag2Fast        = CodecContextFlag2(C.AV_CODEC_FLAG2_FAST)
	CodecFlag2NoOutput    = CodecContextFlag2(C.AV_CODEC_FLAG2_NO_OUTPUT)
	CodecFlag2LocalHeader = CodecContextFlag2(C.AV_CODEC_FLAG2_LOCAL_HEADER)
	CodecFlag2Chunks      = CodecContextFlag2(C.AV_CODEC_FLAG2_CHUNKS)
	CodecFlag2IgnoreCrop  = CodecContextFlag2(C.AV_CODEC_FLAG2_IGNORE_CROP)
	CodecFlag2ShowAll     = CodecContextFlag2(C.AV_CODEC_FLAG2_SHOW_ALL)
	CodecFlag2ExportMvs   = CodecContextFlag2(C.AV_CODEC_FLAG2_EXPORT_MVS)
	CodecFlag2SkipManual  = CodecContextFlag2(C.AV_CODEC_FLAG2_SKIP_MANUAL)
	CodecFlag2RoFlushNoop = CodecContextFlag2(C.AV_CODEC_FLAG2_RO_FLUSH_NOOP)
)

// CodecContextFlags2 is a set of CodecContextFlag2.
type CodecContextFlags2 = flagSet[CodecContextFlag2]

// NewCodecContextFlags2 returns the set of fs.
func NewCodecContextFlags2(fs ...CodecContextFlag2) CodecContextFlags2 { return newFlagSet(fs) }

// ErrorRecognitionFlag is a kind of damage a decoder should look for (AV_EF_*).
type ErrorRecognitionFlag int64

// Values of ErrorRecognitionFlag.
const (
	ErrorRecognitionFlagAggressive = ErrorRecognitionFlag(C.AV_EF_AGGRESSIVE)
	ErrorRecognitionFlagBitstream  = ErrorRecognitionFlag(C.AV_EF_BITSTREAM)
	ErrorRecognitionFlagBuffer     = ErrorRecognitionFlag(C.AV_EF_BUFFER)
	ErrorRecognitionFlagCareful    = ErrorRecognitionFlag(C.AV_EF_CAREFUL)
	ErrorRecognitionFlagCompliant  = ErrorRecognitionFlag(C.AV_EF_COMPLIANT)
	ErrorRecognitionFlagCRCCheck   = ErrorRecognitionFlag(C.AV_EF_CRCCHECK)
	ErrorRecognitionFlagExplode    = ErrorRecognitionFlag(C.AV_EF_EXPLODE)
	ErrorRecognitionFlagIgnoreErr  = ErrorRecognitionFlag(C.AV_EF_IGNORE_ERR)
)

// ErrorRecognitionFlags is a set of ErrorRecognitionFlag.
type ErrorRecognitionFlags = flagSet[ErrorRecognitionFlag]

// NewErrorRecognitionFlags returns the set of fs.
func NewErrorRecognitionFlags(fs ...ErrorRecognitionFlag) ErrorRecognitionFlags {
	return newFlagSet(fs)
}

// FrameFlag is a property of a frame (AV_FRAME_FLAG_*).
type FrameFlag int64

// Values of FrameFlag.
const (
	FrameFlagCorrupt       = FrameFlag(C.AV_FRAME_FLAG_CORRUPT)
	FrameFlagDiscard       = FrameFlag(C.AV_FRAME_FLAG_DISCARD)
	FrameFlagInterlaced    = FrameFlag(C.AV_FRAME_FLAG_INTERLACED)
	FrameFlagKey           = FrameFlag(C.AV_FRAME_FLAG_KEY)
	FrameFlagTopFieldFirst = FrameFlag(C.AV_FRAME_FLAG_TOP_FIELD_FIRST)
)

// FrameFlags is a set of FrameFlag.
type FrameFlags = flagSet[FrameFlag]

// NewFrameFlags returns the set of fs.
func NewFrameFlags(fs ...FrameFlag) FrameFlags { return newFlagSet(fs) }

// OptionSearchFlag is where an option is looked for (AV_OPT_SEARCH_*).
type OptionSearchFlag int64

// OptionSearchFlags is a set of OptionSearchFlag.
type OptionSearchFlags = flagSet[OptionSearchFlag]

// NewOptionSearchFlags returns the set of fs.
func NewOptionSearchFlags(fs ...OptionSearchFlag) OptionSearchFlags { return newFlagSet(fs) }

// PixelFormatDescriptorFlag is a property of a pixel format (AV_PIX_FMT_FLAG_*).
type PixelFormatDescriptorFlag int64

// Values of PixelFormatDescriptorFlag.
const (
	PixelFormatDescriptorFlagBe        = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_BE)
	PixelFormatDescriptorFlagPal       = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_PAL)
	PixelFormatDescriptorFlagBitStream = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_BITSTREAM)
	PixelFormatDescriptorFlagHwAccel   = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_HWACCEL)
	PixelFormatDescriptorFlagPlanar    = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_PLANAR)
	PixelFormatDescriptorFlagRgb       = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_RGB)
	PixelFormatDescriptorFlagAlpha     = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_ALPHA)
	PixelFormatDescriptorFlagBayer     = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_BAYER)
	PixelFormatDescriptorFlagFloat     = PixelFormatDescriptorFlag(C.AV_PIX_FMT_FLAG_FLOAT)
)

// PixelFormatDescriptorFlags is a set of PixelFormatDescriptorFlag.
type PixelFormatDescriptorFlags = flagSet[PixelFormatDescriptorFlag]

// NewPixelFormatDescriptorFlags returns the set of fs.
func NewPixelFormatDescriptorFlags(fs ...PixelFormatDescriptorFlag) PixelFormatDescriptorFlags {
	return newFlagSet(fs)
}

// SoftwareScaleContextFlag is a scaling algorithm or a refinement of it (SWS_*).
type SoftwareScaleContextFlag int64

// Values of SoftwareScaleContextFlag.
const (
	SoftwareScaleContextFlagArea           = SoftwareScaleContextFlag(C.SWS_AREA)
	SoftwareScaleContextFlagBicubic        = SoftwareScaleContextFlag(C.SWS_BICUBIC)
	SoftwareScaleContextFlagBicublin       = SoftwareScaleContextFlag(C.SWS_BICUBLIN)
	SoftwareScaleContextFlagBilinear       = SoftwareScaleContextFlag(C.SWS_BILINEAR)
	SoftwareScaleContextFlagFastBilinear   = SoftwareScaleContextFlag(C.SWS_FAST_BILINEAR)
	SoftwareScaleContextFlagGauss          = SoftwareScaleContextFlag(C.SWS_GAUSS)
	SoftwareScaleContextFlagLanczos        = SoftwareScaleContextFlag(C.SWS_LANCZOS)
	SoftwareScaleContextFlagPoint          = SoftwareScaleContextFlag(C.SWS_POINT)
	SoftwareScaleContextFlagSinc           = SoftwareScaleContextFlag(C.SWS_SINC)
	SoftwareScaleContextFlagSpline         = SoftwareScaleContextFlag(C.SWS_SPLINE)
	SoftwareScaleContextFlagX              = SoftwareScaleContextFlag(C.SWS_X)
	SoftwareScaleContextFlagPrintInfo      = SoftwareScaleContextFlag(C.SWS_PRINT_INFO)
	SoftwareScaleContextFlagFullChrHInt    = SoftwareScaleContextFlag(C.SWS_FULL_CHR_H_INT)
	SoftwareScaleContextFlagFullChrHInp    = SoftwareScaleContextFlag(C.SWS_FULL_CHR_H_INP)
	SoftwareScaleContextFlagAccurateRnd    = SoftwareScaleContextFlag(C.SWS_ACCURATE_RND)
	SoftwareScaleContextFlagBitexact       = SoftwareScaleContextFlag(C.SWS_BITEXACT)
	SoftwareScaleContextFlagDirectBgr      = SoftwareScaleContextFlag(C.SWS_DIRECT_BGR)
	SoftwareScaleContextFlagErrorDiffusion = SoftwareScaleContextFlag(C.SWS_ERROR_DIFFUSION)
)

// SoftwareScaleContextFlags is a set of SoftwareScaleContextFlag.
type SoftwareScaleContextFlags = flagSet[SoftwareScaleContextFlag]

// NewSoftwareScaleContextFlags returns the set of fs.
func NewSoftwareScaleContextFlags(fs ...SoftwareScaleContextFlag) SoftwareScaleContextFlags {
	return newFlagSet(fs)
}
