package astiav

//#include <libavutil/pixdesc.h>
//#include <stdlib.h>
import "C"

import "unsafe"

// PixelFormat is how the samples of a picture lie in memory.
type PixelFormat C.enum_AVPixelFormat

// The pixel formats in use; FindPixelFormatByName knows all others.
const (
	PixelFormat0Bgr        = PixelFormat(C.AV_PIX_FMT_0BGR)
	PixelFormat0Rgb        = PixelFormat(C.AV_PIX_FMT_0RGB)
	PixelFormatAbgr        = PixelFormat(C.AV_PIX_FMT_ABGR)
	PixelFormatArgb        = PixelFormat(C.AV_PIX_FMT_ARGB)
	PixelFormatBgr0        = PixelFormat(C.AV_PIX_FMT_BGR0)
	PixelFormatBgr24       = PixelFormat(C.AV_PIX_FMT_BGR24)
	PixelFormatBgra        = PixelFormat(C.AV_PIX_FMT_BGRA)
	PixelFormatCuda        = PixelFormat(C.AV_PIX_FMT_CUDA)
	PixelFormatDrmPrime    = PixelFormat(C.AV_PIX_FMT_DRM_PRIME)
	PixelFormatGbrp        = PixelFormat(C.AV_PIX_FMT_GBRP)
	PixelFormatGbrp10Le    = PixelFormat(C.AV_PIX_FMT_GBRP10LE)
	PixelFormatGray16Be    = PixelFormat(C.AV_PIX_FMT_GRAY16BE)
	PixelFormatGray16Le    = PixelFormat(C.AV_PIX_FMT_GRAY16LE)
	PixelFormatGray8       = PixelFormat(C.AV_PIX_FMT_GRAY8)
	PixelFormatNone        = PixelFormat(C.AV_PIX_FMT_NONE)
	PixelFormatNv12        = PixelFormat(C.AV_PIX_FMT_NV12)
	PixelFormatNv16        = PixelFormat(C.AV_PIX_FMT_NV16)
	PixelFormatNv21        = PixelFormat(C.AV_PIX_FMT_NV21)
	PixelFormatP010Le      = PixelFormat(C.AV_PIX_FMT_P010LE)
	PixelFormatP016Le      = PixelFormat(C.AV_PIX_FMT_P016LE)
	PixelFormatRgb0        = PixelFormat(C.AV_PIX_FMT_RGB0)
	PixelFormatRgb24       = PixelFormat(C.AV_PIX_FMT_RGB24)
	PixelFormatRgba        = PixelFormat(C.AV_PIX_FMT_RGBA)
	PixelFormatRgba64Be    = PixelFormat(C.AV_PIX_FMT_RGBA64BE)
	PixelFormatRgba64Le    = PixelFormat(C.AV_PIX_FMT_RGBA64LE)
	PixelFormatUyvy422     = PixelFormat(C.AV_PIX_FMT_UYVY422)
	PixelFormatVaapi       = PixelFormat(C.AV_PIX_FMT_VAAPI)
	PixelFormatYa8         = PixelFormat(C.AV_PIX_FMT_YA8)
	PixelFormatYuv410P     = PixelFormat(C.AV_PIX_FMT_YUV410P)
	PixelFormatYuv411P     = PixelFormat(C.AV_PIX_FMT_YUV411P)
	PixelFormatYuv420P     = PixelFormat(C.AV_PIX_FMT_YUV420P)
	PixelFormatYuv420P10Le = PixelFormat(C.AV_PIX_FMT_YUV420P10LE)
	PixelFormatYuv422P     = PixelFormat(C.AV_PIX_FMT_YUV422P)
	PixelFormatYuv422P10Le = PixelFormat(C.AV_PIX_FMT_YUV422P10LE)
	PixelFormatYuv440P     = PixelFormat(C.AV_PIX_FMT_YUV440P)
	PixelFormatYuv444P     = PixelFormat(C.AV_PIX_FMT_YUV444P)
	PixelFormatYuv444P10Le = PixelFormat(C.AV_PIX_FMT_YUV444P10LE)
	PixelFormatYuva420P    = PixelFormat(C.AV_PIX_FMT_YUVA420P)
	PixelFormatYuva422P    = PixelFormat(C.AV_PIX_FMT_YUVA422P)
	PixelFormatYuva444P    = PixelFormat(C.AV_PIX_FMT_YUVA444P)
	PixelFormatYuvj411P    = PixelFormat(C.AV_PIX_FMT_YUVJ411P)
	PixelFormatYuvj420P    = PixelFormat(C.AV_PIX_FMT_YUVJ420P)
	PixelFormatYuvj422P    = PixelFormat(C.AV_PIX_FMT_YUVJ422P)
	PixelFormatYuvj440P    = PixelFormat(C.AV_PIX_FMT_YUVJ440P)
	PixelFormatYuvj444P    = PixelFormat(C.AV_PIX_FMT_YUVJ444P)
	PixelFormatYuyv422     = PixelFormat(C.AV_PIX_FMT_YUYV422)
)

// FindPixelFormatByName returns PixelFormatNone for an unknown name.
func FindPixelFormatByName(name string) PixelFormat {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	return PixelFormat(C.av_get_pix_fmt(n))
}

// Name returns FFmpeg's name, such as "yuv420p"; empty where there is none.
func (f PixelFormat) Name() string {
	return C.GoString(C.av_get_pix_fmt_name(C.enum_AVPixelFormat(f)))
}

// String returns Name.
func (f PixelFormat) String() string { return f.Name() }

// Descriptor returns what FFmpeg knows about the format, nil where there is none.
func (f PixelFormat) Descriptor() *PixelFormatDescriptor {
	d := C.av_pix_fmt_desc_get(C.enum_AVPixelFormat(f))
	if d == nil {
		return nil
	}
	return &PixelFormatDescriptor{c: d}
}

// PixelFormatDescriptor describes a pixel format. It is static.
type PixelFormatDescriptor struct {
	c *C.AVPixFmtDescriptor
}

// Name returns FFmpeg's name of the format.
func (pfd *PixelFormatDescriptor) Name() string { return C.GoString(pfd.c.name) }

// Flags returns the properties of the format.
func (pfd *PixelFormatDescriptor) Flags() PixelFormatDescriptorFlags {
	return PixelFormatDescriptorFlags(pfd.c.flags)
}
