package astiav

//#include "compat.h"
import "C"

// CodecID names a coding, whoever implements it.
type CodecID C.enum_AVCodecID

// The codings in use.
const (
	CodecIDAac            = CodecID(C.AV_CODEC_ID_AAC)
	CodecIDAacLatm        = CodecID(C.AV_CODEC_ID_AAC_LATM)
	CodecIDAc3            = CodecID(C.AV_CODEC_ID_AC3)
	CodecIDAdpcmG722      = CodecID(C.AV_CODEC_ID_ADPCM_G722)
	CodecIDAdpcmG726      = CodecID(C.AV_CODEC_ID_ADPCM_G726)
	CodecIDAdpcmG726Le    = CodecID(C.AV_CODEC_ID_ADPCM_G726LE)
	CodecIDAmrNb          = CodecID(C.AV_CODEC_ID_AMR_NB)
	CodecIDAmrWb          = CodecID(C.AV_CODEC_ID_AMR_WB)
	CodecIDAv1            = CodecID(C.AV_CODEC_ID_AV1)
	CodecIDBinData        = CodecID(C.AV_CODEC_ID_BIN_DATA)
	CodecIDBmp            = CodecID(C.AV_CODEC_ID_BMP)
	CodecIDEac3           = CodecID(C.AV_CODEC_ID_EAC3)
	CodecIDFlac           = CodecID(C.AV_CODEC_ID_FLAC)
	CodecIDFlv1           = CodecID(C.AV_CODEC_ID_FLV1)
	CodecIDG7231          = CodecID(C.AV_CODEC_ID_G723_1)
	CodecIDG729           = CodecID(C.AV_CODEC_ID_G729)
	CodecIDGif            = CodecID(C.AV_CODEC_ID_GIF)
	CodecIDH261           = CodecID(C.AV_CODEC_ID_H261)
	CodecIDH263           = CodecID(C.AV_CODEC_ID_H263)
	CodecIDH264           = CodecID(C.AV_CODEC_ID_H264)
	CodecIDH265           = CodecID(C.AV_CODEC_ID_H265)
	CodecIDH266           = CodecID(C.AV_CODEC_ID_H266)
	CodecIDHevc           = CodecID(C.AV_CODEC_ID_HEVC)
	CodecIDJpeg2000       = CodecID(C.AV_CODEC_ID_JPEG2000)
	CodecIDMjpeg          = CodecID(C.AV_CODEC_ID_MJPEG)
	CodecIDMp2            = CodecID(C.AV_CODEC_ID_MP2)
	CodecIDMp3            = CodecID(C.AV_CODEC_ID_MP3)
	CodecIDMpeg1Video     = CodecID(C.AV_CODEC_ID_MPEG1VIDEO)
	CodecIDMpeg2Ts        = CodecID(C.AV_CODEC_ID_MPEG2TS)
	CodecIDMpeg2Video     = CodecID(C.AV_CODEC_ID_MPEG2VIDEO)
	CodecIDMpeg4          = CodecID(C.AV_CODEC_ID_MPEG4)
	CodecIDNone           = CodecID(C.AV_CODEC_ID_NONE)
	CodecIDOpus           = CodecID(C.AV_CODEC_ID_OPUS)
	CodecIDPcmAlaw        = CodecID(C.AV_CODEC_ID_PCM_ALAW)
	CodecIDPcmF32Le       = CodecID(C.AV_CODEC_ID_PCM_F32LE)
	CodecIDPcmMulaw       = CodecID(C.AV_CODEC_ID_PCM_MULAW)
	CodecIDPcmS16Be       = CodecID(C.AV_CODEC_ID_PCM_S16BE)
	CodecIDPcmS16Le       = CodecID(C.AV_CODEC_ID_PCM_S16LE)
	CodecIDPcmU8          = CodecID(C.AV_CODEC_ID_PCM_U8)
	CodecIDPng            = CodecID(C.AV_CODEC_ID_PNG)
	CodecIDRawvideo       = CodecID(C.AV_CODEC_ID_RAWVIDEO)
	CodecIDSpeex          = CodecID(C.AV_CODEC_ID_SPEEX)
	CodecIDTheora         = CodecID(C.AV_CODEC_ID_THEORA)
	CodecIDVorbis         = CodecID(C.AV_CODEC_ID_VORBIS)
	CodecIDVp8            = CodecID(C.AV_CODEC_ID_VP8)
	CodecIDVp9            = CodecID(C.AV_CODEC_ID_VP9)
	CodecIDVvc            = CodecID(C.AV_CODEC_ID_VVC)
	CodecIDWebp           = CodecID(C.AV_CODEC_ID_WEBP)
	CodecIDWrappedAvframe = CodecID(C.AV_CODEC_ID_WRAPPED_AVFRAME)
)

// MediaType returns what the coding carries.
func (c CodecID) MediaType() MediaType {
	return MediaType(C.avcodec_get_type(C.enum_AVCodecID(c)))
}

// Name returns FFmpeg's name, such as "h264".
func (c CodecID) Name() string { return C.GoString(C.avcodec_get_name(C.enum_AVCodecID(c))) }

// String returns Name.
func (c CodecID) String() string { return c.Name() }

// CodecTag is the four-character code of a coding in its container, first
// character in the low byte.
type CodecTag uint32

// Profile is the profile of a coding; its values depend on the CodecID.
type Profile int

// The profiles in use.
const (
	ProfileUnknown                 = Profile(C.AV_PROFILE_UNKNOWN)
	ProfileAacLow                  = Profile(C.AV_PROFILE_AAC_LOW)
	ProfileAacHe                   = Profile(C.AV_PROFILE_AAC_HE)
	ProfileAacHeV2                 = Profile(C.AV_PROFILE_AAC_HE_V2)
	ProfileAv1Main                 = Profile(C.AV_PROFILE_AV1_MAIN)
	ProfileAv1High                 = Profile(C.AV_PROFILE_AV1_HIGH)
	ProfileH264Constrained         = Profile(C.AV_PROFILE_H264_CONSTRAINED)
	ProfileH264Baseline            = Profile(C.AV_PROFILE_H264_BASELINE)
	ProfileH264ConstrainedBaseline = Profile(C.AV_PROFILE_H264_CONSTRAINED_BASELINE)
	ProfileH264Main                = Profile(C.AV_PROFILE_H264_MAIN)
	ProfileH264Extended            = Profile(C.AV_PROFILE_H264_EXTENDED)
	ProfileH264High                = Profile(C.AV_PROFILE_H264_HIGH)
	ProfileH264High10              = Profile(C.AV_PROFILE_H264_HIGH_10)
	ProfileH264High422             = Profile(C.AV_PROFILE_H264_HIGH_422)
	ProfileH264High444Predictive   = Profile(C.AV_PROFILE_H264_HIGH_444_PREDICTIVE)
	ProfileHevcMain                = Profile(C.AV_PROFILE_HEVC_MAIN)
	ProfileHevcMain10              = Profile(C.AV_PROFILE_HEVC_MAIN_10)
	ProfileHevcMainStillPicture    = Profile(C.AV_PROFILE_HEVC_MAIN_STILL_PICTURE)
	ProfileHevcRext                = Profile(C.AV_PROFILE_HEVC_REXT)
	ProfileVp90                    = Profile(C.AV_PROFILE_VP9_0)
)

// Level is the level of a coding; its unit depends on the CodecID.
type Level int

// LevelUnknown is the level of a coding that has or states none.
const LevelUnknown = Level(C.AV_LEVEL_UNKNOWN)
