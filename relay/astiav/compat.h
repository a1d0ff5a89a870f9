// Everything that differs between FFmpeg 5.1 (libavcodec 59) and 8 (libavcodec 62).
// The Go files see the FFmpeg 8 way of saying it; no version test appears elsewhere.
#ifndef ASTIAV_COMPAT_H
#define ASTIAV_COMPAT_H

#include <libavcodec/avcodec.h>
#include <libavcodec/bsf.h>
#include <libavformat/avformat.h>
#include <libavutil/channel_layout.h>
#include <libavutil/frame.h>
#include <libavutil/pixdesc.h>

#define COMPAT_LAVC(major, minor) (LIBAVCODEC_VERSION_INT >= AV_VERSION_INT(major, minor, 100))
#define COMPAT_LAVF(major, minor) (LIBAVFORMAT_VERSION_INT >= AV_VERSION_INT(major, minor, 100))

#if LIBAVCODEC_VERSION_INT < AV_VERSION_INT(59, 37, 100)
#error "FFmpeg 5.1 or later is needed"
#endif

// Frame flags: fields of AVFrame until libavutil 58.7 (FFmpeg 6.1), bits of AVFrame.flags since.
#ifdef AV_FRAME_FLAG_KEY
static inline int compat_frame_flags(const AVFrame *f) { return f->flags; }
static inline void compat_frame_set_flags(AVFrame *f, int flags) { f->flags = flags; }
#else
#define AV_FRAME_FLAG_KEY (1 << 1)
#define AV_FRAME_FLAG_INTERLACED (1 << 3)
#define AV_FRAME_FLAG_TOP_FIELD_FIRST (1 << 4)
#define COMPAT_FIELD_FLAGS                                                                         \
  (AV_FRAME_FLAG_KEY | AV_FRAME_FLAG_INTERLACED | AV_FRAME_FLAG_TOP_FIELD_FIRST)
static inline int compat_frame_flags(const AVFrame *f) {
  return (f->flags & ~COMPAT_FIELD_FLAGS) | (f->key_frame ? AV_FRAME_FLAG_KEY : 0) |
         (f->interlaced_frame ? AV_FRAME_FLAG_INTERLACED : 0) |
         (f->top_field_first ? AV_FRAME_FLAG_TOP_FIELD_FIRST : 0);
}
static inline void compat_frame_set_flags(AVFrame *f, int flags) {
  f->flags = flags & ~COMPAT_FIELD_FLAGS;
  f->key_frame = (flags & AV_FRAME_FLAG_KEY) != 0;
  f->interlaced_frame = (flags & AV_FRAME_FLAG_INTERLACED) != 0;
  f->top_field_first = (flags & AV_FRAME_FLAG_TOP_FIELD_FIRST) != 0;
}
#endif

// Profiles and the unknown level: FF_ names until libavcodec 60.27 (FFmpeg 6.1).
#ifndef AV_PROFILE_UNKNOWN
#define AV_PROFILE_UNKNOWN FF_PROFILE_UNKNOWN
#define AV_PROFILE_AAC_LOW FF_PROFILE_AAC_LOW
#define AV_PROFILE_AAC_HE FF_PROFILE_AAC_HE
#define AV_PROFILE_AAC_HE_V2 FF_PROFILE_AAC_HE_V2
#define AV_PROFILE_AV1_MAIN FF_PROFILE_AV1_MAIN
#define AV_PROFILE_AV1_HIGH FF_PROFILE_AV1_HIGH
#define AV_PROFILE_H264_CONSTRAINED FF_PROFILE_H264_CONSTRAINED
#define AV_PROFILE_H264_BASELINE FF_PROFILE_H264_BASELINE
#define AV_PROFILE_H264_CONSTRAINED_BASELINE FF_PROFILE_H264_CONSTRAINED_BASELINE
#define AV_PROFILE_H264_MAIN FF_PROFILE_H264_MAIN
#define AV_PROFILE_H264_EXTENDED FF_PROFILE_H264_EXTENDED
#define AV_PROFILE_H264_HIGH FF_PROFILE_H264_HIGH
#define AV_PROFILE_H264_HIGH_10 FF_PROFILE_H264_HIGH_10
#define AV_PROFILE_H264_HIGH_422 FF_PROFILE_H264_HIGH_422
#define AV_PROFILE_H264_HIGH_444_PREDICTIVE FF_PROFILE_H264_HIGH_444_PREDICTIVE
#define AV_PROFILE_HEVC_MAIN FF_PROFILE_HEVC_MAIN
#define AV_PROFILE_HEVC_MAIN_10 FF_PROFILE_HEVC_MAIN_10
#define AV_PROFILE_HEVC_MAIN_STILL_PICTURE FF_PROFILE_HEVC_MAIN_STILL_PICTURE
#define AV_PROFILE_HEVC_REXT FF_PROFILE_HEVC_REXT
#define AV_PROFILE_VP9_0 FF_PROFILE_VP9_0
#endif
#ifndef AV_LEVEL_UNKNOWN
#define AV_LEVEL_UNKNOWN FF_LEVEL_UNKNOWN
#endif

// What a codec accepts: arrays of AVCodec until libavcodec 61.13 (FFmpeg 7.1), a query since.
#if COMPAT_LAVC(61, 13)
static inline const void *compat_codec_config(const AVCodec *c, enum AVCodecConfig what) {
  const void *list = NULL;
  int n = 0;
  return avcodec_get_supported_config(NULL, c, what, 0, &list, &n) < 0 ? NULL : list;
}
#define COMPAT_CODEC_LIST(c, what, field) compat_codec_config(c, what)
#else
#define COMPAT_CODEC_LIST(c, what, field) ((c)->field)
#endif
static inline const enum AVPixelFormat *compat_codec_pixel_formats(const AVCodec *c) {
  return COMPAT_CODEC_LIST(c, AV_CODEC_CONFIG_PIX_FORMAT, pix_fmts);
}
static inline const enum AVSampleFormat *compat_codec_sample_formats(const AVCodec *c) {
  return COMPAT_CODEC_LIST(c, AV_CODEC_CONFIG_SAMPLE_FORMAT, sample_fmts);
}
static inline const AVRational *compat_codec_frame_rates(const AVCodec *c) {
  return COMPAT_CODEC_LIST(c, AV_CODEC_CONFIG_FRAME_RATE, supported_framerates);
}
static inline const int *compat_codec_sample_rates(const AVCodec *c) {
  return COMPAT_CODEC_LIST(c, AV_CODEC_CONFIG_SAMPLE_RATE, supported_samplerates);
}

// The data of AVIOContext's write callback became const in libavformat 61 (FFmpeg 7.0).
#if LIBAVFORMAT_VERSION_MAJOR >= 61
typedef const uint8_t compat_write_data;
#else
typedef uint8_t compat_write_data;
#endif

#endif
