package astiav

//#include <libavutil/pixfmt.h>
import "C"

import (
	"fmt"
	"image"
)

// subsampleRatios are the planar YCbCr formats that Go's image package can hold.
var subsampleRatios = map[PixelFormat]image.YCbCrSubsampleRatio{
	PixelFormatYuv410P:  image.YCbCrSubsampleRatio410,
	PixelFormatYuv411P:  image.YCbCrSubsampleRatio411,
	PixelFormatYuvj411P: image.YCbCrSubsampleRatio411,
	PixelFormatYuv420P:  image.YCbCrSubsampleRatio420,
	PixelFormatYuvj420P: image.YCbCrSubsampleRatio420,
	PixelFormatYuv422P:  image.YCbCrSubsampleRatio422,
	PixelFormatYuvj422P: image.YCbCrSubsampleRatio422,
	PixelFormatYuv440P:  image.YCbCrSubsampleRatio440,
	PixelFormatYuvj440P: image.YCbCrSubsampleRatio440,
	PixelFormatYuv444P:  image.YCbCrSubsampleRatio444,
	PixelFormatYuvj444P: image.YCbCrSubsampleRatio444,
	PixelFormatYuva420P: image.YCbCrSubsampleRatio420,
	PixelFormatYuva422P: image.YCbCrSubsampleRatio422,
	PixelFormatYuva444P: image.YCbCrSubsampleRatio444,
}

// GuessImageFormat returns an empty image of the type that ToImage can fill without
// conversion. Alpha is taken as not premultiplied. Go's YCbCr images mean full-range
// BT.601, whatever the frame says.
func (d *FrameData) GuessImageFormat() (image.Image, error) {
	switch f := d.f.PixelFormat(); f {
	case PixelFormatGray8:
		return &image.Gray{}, nil
	case PixelFormatGray16Be:
		return &image.Gray16{}, nil
	case PixelFormatRgb0:
		return &image.RGBA{}, nil
	case PixelFormatRgba:
		return &image.NRGBA{}, nil
	case PixelFormatRgba64Be:
		return &image.NRGBA64{}, nil
	case PixelFormatYuva420P, PixelFormatYuva422P, PixelFormatYuva444P:
		return &image.NYCbCrA{}, nil
	default:
		if _, ok := subsampleRatios[f]; ok {
			return &image.YCbCr{}, nil
		}
		return nil, fmt.Errorf("astiav: Go has no image for pixel format %s", f)
	}
}

// ToImage replaces the content of dst by a copy of the picture. The pixel format
// must have the planes of dst; nothing is converted.
func (d *FrameData) ToImage(dst image.Image) error {
	b, err := d.Bytes(1)
	if err != nil {
		return err
	}
	planes, err := d.split(b, 1)
	if err != nil {
		return err
	}
	rect := image.Rect(0, 0, d.f.Width(), d.f.Height())
	format := d.f.PixelFormat()
	packed := func(pix *[]uint8, stride *int, r *image.Rectangle, bytesPerPixel int) error {
		if len(planes) != 1 || planes[0].stride != bytesPerPixel*rect.Dx() {
			return fmt.Errorf("astiav: pixel format %s does not fit a %T", format, dst)
		}
		*pix, *stride, *r = planes[0].pix, planes[0].stride, rect
		return nil
	}
	planar := func(v *image.YCbCr, n int) error {
		ratio, ok := subsampleRatios[format]
		if !ok || len(planes) != n {
			return fmt.Errorf("astiav: pixel format %s does not fit a %T", format, dst)
		}
		*v = image.YCbCr{Y: planes[0].pix, Cb: planes[1].pix, Cr: planes[2].pix,
			YStride: planes[0].stride, CStride: planes[1].stride, SubsampleRatio: ratio, Rect: rect}
		return nil
	}
	switch v := dst.(type) {
	case *image.Alpha:
		return packed(&v.Pix, &v.Stride, &v.Rect, 1)
	case *image.Alpha16:
		return packed(&v.Pix, &v.Stride, &v.Rect, 2)
	case *image.CMYK:
		return packed(&v.Pix, &v.Stride, &v.Rect, 4)
	case *image.Gray:
		return packed(&v.Pix, &v.Stride, &v.Rect, 1)
	case *image.Gray16:
		return packed(&v.Pix, &v.Stride, &v.Rect, 2)
	case *image.NRGBA:
		return packed(&v.Pix, &v.Stride, &v.Rect, 4)
	case *image.NRGBA64:
		return packed(&v.Pix, &v.Stride, &v.Rect, 8)
	case *image.RGBA:
		return packed(&v.Pix, &v.Stride, &v.Rect, 4)
	case *image.RGBA64:
		return packed(&v.Pix, &v.Stride, &v.Rect, 8)
	case *image.YCbCr:
		return planar(v, 3)
	case *image.NYCbCrA:
		if err := planar(&v.YCbCr, 4); err != nil {
			return err
		}
		v.A, v.AStride = planes[3].pix, planes[3].stride
		return nil
	}
	return fmt.Errorf("astiav: a %T cannot hold a frame", dst)
}

// FromImage copies an image into the frame, which has planes and is writable and
// whose pixel format has the planes of the image; nothing is converted.
func (d *FrameData) FromImage(src image.Image) error {
	if size := src.Bounds().Size(); size.X < d.f.Width() || size.Y < d.f.Height() {
		return fmt.Errorf("astiav: image of %dx%d for a frame of %dx%d", size.X, size.Y, d.f.Width(), d.f.Height())
	}
	switch v := src.(type) {
	case *image.Alpha:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.Alpha16:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.CMYK:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.Gray:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.Gray16:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.NRGBA:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.NRGBA64:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.RGBA:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.RGBA64:
		return d.fill([]plane{{v.Pix, v.Stride}})
	case *image.YCbCr:
		return d.fill([]plane{{v.Y, v.YStride}, {v.Cb, v.CStride}, {v.Cr, v.CStride}})
	case *image.NYCbCrA:
		return d.fill([]plane{{v.Y, v.YStride}, {v.Cb, v.CStride}, {v.Cr, v.CStride}, {v.A, v.AStride}})
	}
	return fmt.Errorf("astiav: a %T cannot fill a frame", src)
}
