package letterbox

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"sightline/shaders"
	"sightline/shaders/ref"
)

// picture makes a frame whose neighbouring samples differ as much as they can
// in one half, and little in the other.
func picture(format shaders.PlaneFormat, width, height int) (shaders.Frame, []byte) {
	f, size := shaders.PackedFrame(format, width, height)
	b := make([]byte, size)
	r := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	for i := range b {
		if i%(width+1) < width/2 {
			b[i] = byte(r.UintN(256))
		} else {
			b[i] = byte(100 + r.UintN(40))
		}
	}
	return f, b
}

func tensors() []shaders.Tensor {
	box := shaders.NewTensor(64, 48)
	stretched := shaders.Tensor{Width: 52, Height: 52, Stretch: true, BGR: true, Scale: [3]float32{1, 0.5, 2}, Bias: [3]float32{0.1, 0, -1}}
	large := shaders.NewTensor(320, 320)
	return []shaders.Tensor{box, stretched, large}
}

func worst(a, b []float32, t shaders.Tensor) (far float64) {
	for i := range a {
		plane := i / (t.Width * t.Height)
		far = max(far, math.Abs(float64(a[i]-b[i]))/float64(t.Scale[plane])*255)
	}
	return far
}

func TestAgainstTheKernelsTwin(t *testing.T) {
	var r Resizer
	for _, format := range []shaders.PlaneFormat{shaders.I420, shaders.NV12} {
		for _, size := range [][2]int{{96, 54}, {101, 77}, {40, 90}, {7, 5}, {1, 1}} {
			for _, full := range []bool{false, true} {
				f, planes := picture(format, size[0], size[1])
				f.FullRange = full
				if full {
					f.Matrix = shaders.BT601
				}
				if size[0] > 50 { // a visible part of it
					f.VisibleX, f.VisibleY, f.VisibleWidth, f.VisibleHeight = 2, 4, size[0]-5, size[1]-8
				}
				for _, tensor := range tensors() {
					got := make([]float32, tensor.Bytes()/4)
					if err := r.Fill(f, planes, tensor, got); err != nil {
						t.Fatal(err)
					}
					fp, err := f.Params(len(planes))
					if err != nil {
						t.Fatal(err)
					}
					tp, err := tensor.Params(f.Size())
					if err != nil {
						t.Fatal(err)
					}
					want := ref.Planes(fp, format, planes).Tensor(tp)
					if far := worst(got, want, tensor); far > 0.1 {
						t.Errorf("format %d, %v, full range %v, %dx%d: off by %.3f of 255", format, size, full, tensor.Width, tensor.Height, far)
					}
				}
			}
		}
	}
}

func TestRefused(t *testing.T) {
	f, planes := picture(shaders.I420, 32, 32)
	tensor := shaders.NewTensor(16, 16)
	out := make([]float32, tensor.Bytes()/4)
	var r Resizer
	turned := f
	turned.Rotation = 90
	for name, fill := range map[string]func() error{
		"turned":       func() error { return r.Fill(turned, planes, tensor, out) },
		"short planes": func() error { return r.Fill(f, planes[:100], tensor, out) },
		"short tensor": func() error { return r.Fill(f, planes, tensor, out[1:]) },
		"no tensor":    func() error { return r.Fill(f, planes, shaders.Tensor{}, nil) },
	} {
		if fill() == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func BenchmarkFill(b *testing.B) {
	for _, c := range []struct{ width, height int }{{768, 432}, {1920, 1080}} {
		b.Run(fmt.Sprintf("%dx%d", c.width, c.height), func(b *testing.B) {
			f, planes := picture(shaders.I420, c.width, c.height)
			tensor := shaders.Tensor{Width: 352, Height: 352, Stretch: true, BGR: true, Scale: [3]float32{1, 1, 1}}
			out := make([]float32, tensor.Bytes()/4)
			var r Resizer
			for b.Loop() {
				if err := r.Fill(f, planes, tensor, out); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
