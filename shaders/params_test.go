package shaders_test

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"sightline/shaders"
	"sightline/shaders/ref"
)

// Stored values of well-known colours (ITU-R BT.601-7, BT.709-6, BT.2020-2, 8 bits).
func TestYUVMatrix(t *testing.T) {
	for _, test := range []struct {
		name      string
		matrix    shaders.Matrix
		full      bool
		y, cb, cr float64
		want      [3]float64
	}{
		{"601 black", shaders.BT601, false, 16, 128, 128, [3]float64{0, 0, 0}},
		{"601 white", shaders.BT601, false, 235, 128, 128, [3]float64{255, 255, 255}},
		{"601 red", shaders.BT601, false, 81.481, 90.203, 240, [3]float64{255, 0, 0}},
		{"601 green", shaders.BT601, false, 144.553, 53.797, 34.214, [3]float64{0, 255, 0}},
		{"601 blue", shaders.BT601, false, 40.966, 240, 109.786, [3]float64{0, 0, 255}},
		{"601 full red", shaders.BT601, true, 76.245, 84.972, 255.5, [3]float64{255, 0, 0}},
		{"709 red", shaders.BT709, false, 62.559, 102.336, 240, [3]float64{255, 0, 0}},
		{"709 green", shaders.BT709, false, 172.633, 41.665, 26.266, [3]float64{0, 255, 0}},
		{"709 full blue", shaders.BT709, true, 18.411, 255.5, 116.305, [3]float64{0, 0, 255}},
		{"709 full grey", shaders.BT709, true, 77, 128, 128, [3]float64{77, 77, 77}},
		{"2020 red", shaders.BT2020, false, 73.531, 96.721, 240, [3]float64{255, 0, 0}},
		{"2020 green", shaders.BT2020, false, 164.482, 47.277, 25.008, [3]float64{0, 255, 0}},
	} {
		m := shaders.YUVMatrix(test.matrix, test.full)
		for i, row := range m {
			got := float64(row[0])*test.y + float64(row[1])*test.cb + float64(row[2])*test.cr + 255*float64(row[3])
			if math.Abs(got-test.want[i]) > 0.05 {
				t.Errorf("%s: channel %d is %.3f, want %.0f", test.name, i, got, test.want[i])
			}
		}
	}
	for name, want := range map[string]shaders.Matrix{"": shaders.BT709, "bt709": shaders.BT709, "smpte170m": shaders.BT601, "bt470bg": shaders.BT601, "bt2020-ncl": shaders.BT2020} {
		if m, ok := shaders.ParseMatrix(name); !ok || m != want {
			t.Errorf("ParseMatrix(%q) = %d, %t", name, m, ok)
		}
	}
	if _, ok := shaders.ParseMatrix("rgb"); ok {
		t.Error("ParseMatrix took rgb")
	}
}

// The twin and FFmpeg agree on colour. Chroma is the same over four by four pixels, so that the
// filters of both have no say.
func TestColorAgreesWithFFmpeg(t *testing.T) {
	const width, height = 64, 64
	frame, size := shaders.PackedFrame(shaders.I420, width, height)
	planes := make([]byte, size)
	for y := range height {
		for x := range width {
			planes[y*width+x] = byte(x*4 + y*3)
		}
	}
	chroma := planes[width*height:]
	for y := range height / 2 {
		for x := range width / 2 {
			chroma[y*width/2+x] = byte(16 + x/2*14)
			chroma[width*height/4+y*width/2+x] = byte(16 + y/2*14)
		}
	}
	for matrix, name := range map[shaders.Matrix]string{shaders.BT601: "bt601", shaders.BT709: "bt709", shaders.BT2020: "bt2020"} {
		for _, full := range []bool{false, true} {
			frame.Matrix, frame.FullRange = matrix, full
			params, err := frame.Params(size)
			if err != nil {
				t.Fatal(err)
			}
			got := ref.Planes(params, shaders.I420, planes).RGBA()
			inRange := map[bool]string{false: "tv", true: "pc"}[full]
			want := ffmpegRGBA(t, planes, fmt.Sprintf("%dx%d", width, height),
				"scale=in_color_matrix="+name+":in_range="+inRange+":out_range=pc:flags=neighbor+accurate_rnd+full_chroma_int")
			for at := range got {
				if d := int(got[at]) - int(want[at]); d < -2 || d > 2 {
					t.Fatalf("%s %s: pixel %d,%d channel %d is %d, FFmpeg says %d", name, inRange, at/4%width, at/4/width, at%4, got[at], want[at])
				}
			}
		}
	}
}

func ffmpegRGBA(t *testing.T, planes []byte, size, filter string) []byte {
	t.Helper()
	cmd := exec.CommandContext(context.Background(), "ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size,
		"-i", "pipe:0", "-vf", filter, "-f", "rawvideo", "-pix_fmt", "rgba", "pipe:1")
	cmd.Stdin = bytes.NewReader(planes)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v: %s", err, stderr.String())
	}
	return out
}

// image is a picture as rows of pixels, turned here by plain copying.
type image [][][3]float32

func imageOf(p ref.Picture) image {
	m := make(image, p.Height)
	for y := range m {
		for x := range p.Width {
			m[y] = append(m[y], p.At(x, y))
		}
	}
	return m
}

// turned is the image turned clockwise by a quarter.
func (m image) turned() image {
	out := make(image, len(m[0]))
	for y := range out {
		for x := range m {
			out[y] = append(out[y], m[len(m)-1-x][y])
		}
	}
	return out
}

func (m image) flipped() image {
	out := make(image, len(m))
	for y, row := range m {
		for x := range row {
			out[y] = append(out[y], row[len(row)-1-x])
		}
	}
	return out
}

func TestRotationAndCrop(t *testing.T) {
	for _, format := range []shaders.PlaneFormat{shaders.I420, shaders.NV12} {
		// Cropping is the same as leaving out the pixels of the whole frame.
		whole, planes := newFrame(format, 0, 0, 17, 12, 0)
		params, err := whole.Params(len(planes))
		if err != nil {
			t.Fatal(err)
		}
		all := imageOf(ref.Planes(params, format, planes))
		frame := whole
		frame.VisibleX, frame.VisibleY, frame.VisibleWidth, frame.VisibleHeight = 3, 1, 11, 8
		want := image{}
		for _, row := range all[1:9] {
			want = append(want, row[3:14])
		}
		for rotation := 0; rotation < 360; rotation += 90 {
			for _, flip := range []bool{false, true} {
				frame.Rotation, frame.Flip = rotation, flip
				params, err := frame.Params(len(planes))
				if err != nil {
					t.Fatal(err)
				}
				got, want := imageOf(ref.Planes(params, format, planes)), want
				if flip {
					want = want.flipped()
				}
				if fmt.Sprint(got) != fmt.Sprint(want) {
					t.Errorf("format %d, rotation %d, flip %t differs from the image turned pixel by pixel", format, rotation, flip)
				}
			}
			want = want.turned()
		}
	}
}

func TestFrameParamsRefuses(t *testing.T) {
	good, size := shaders.PackedFrame(shaders.I420, 33, 17)
	if _, err := good.Params(size); err != nil {
		t.Fatal(err)
	}
	nv12, nv12Size := shaders.PackedFrame(shaders.NV12, 33, 17)
	if _, err := nv12.Params(nv12Size); err != nil || nv12Size != size {
		t.Fatal(err, nv12Size, size)
	}
	for _, test := range []struct {
		name   string
		change func(*shaders.Frame)
		want   string
	}{
		{"empty", func(f *shaders.Frame) { f.VisibleWidth = 0 }, "frame visible width 0: must be 1 to 8192"},
		{"huge", func(f *shaders.Frame) { f.VisibleHeight = 8193 }, "frame visible height 8193"},
		{"negative corner", func(f *shaders.Frame) { f.VisibleX = -1 }, "frame visible x -1: must be 0 to"},
		{"beyond the planes", func(f *shaders.Frame) { f.VisibleY = 2 }, "overruns"},
		{"beyond the row", func(f *shaders.Frame) { f.VisibleX = 1 }, "frame plane 0 stride 33"},
		{"offset", func(f *shaders.Frame) { f.Planes[2].Offset = -1 }, "frame plane 2 offset -1"},
		{"offset beyond", func(f *shaders.Frame) { f.Planes[1].Offset = size + 1 }, "frame plane 1 offset"},
		{"stride", func(f *shaders.Frame) { f.Planes[1].Stride = math.MaxInt }, "frame plane 1 stride"},
		{"chroma row", func(f *shaders.Frame) { f.Planes[1].Stride = 16 }, "must be 17 (the row)"},
		{"rotation", func(f *shaders.Frame) { f.Rotation = 45 }, "frame rotation 45: must be 0, 90, 180 or 270"},
	} {
		f := good
		test.change(&f)
		if _, err := f.Params(size); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: error %v, want %q", test.name, err, test.want)
		}
	}
	if _, err := good.Params(size - 1); err == nil {
		t.Error("a buffer one byte short was taken")
	}
}

func TestLetterbox(t *testing.T) {
	for _, test := range []struct {
		tensor        shaders.Tensor
		width, height int
		want          shaders.Letterbox
	}{
		{shaders.NewTensor(640, 640), 1280, 720, shaders.Letterbox{X: 0, Y: 140, Width: 640, Height: 360}},
		{shaders.NewTensor(352, 352), 768, 432, shaders.Letterbox{X: 0, Y: 77, Width: 352, Height: 198}},
		{shaders.NewTensor(352, 352), 432, 768, shaders.Letterbox{X: 77, Y: 0, Width: 198, Height: 352}},
		{shaders.NewTensor(320, 240), 100, 100, shaders.Letterbox{X: 40, Y: 0, Width: 240, Height: 240}},
		{shaders.NewTensor(10, 9), 10, 2, shaders.Letterbox{X: 0, Y: 3, Width: 10, Height: 2}},
		{shaders.NewTensor(8, 8), 8000, 1, shaders.Letterbox{X: 0, Y: 3, Width: 8, Height: 1}},
		{shaders.Tensor{Width: 320, Height: 240, Stretch: true}, 100, 100, shaders.Letterbox{X: 0, Y: 0, Width: 320, Height: 240}},
	} {
		got := test.tensor.Letterbox(test.width, test.height)
		if got != test.want {
			t.Errorf("%dx%d in %dx%d: %+v, want %+v", test.width, test.height, test.tensor.Width, test.tensor.Height, got, test.want)
		}
		if x, y := got.ToPicture(float32(got.X), float32(got.Y)); x != 0 || y != 0 {
			t.Errorf("corner at %g, %g of the picture", x, y)
		}
		if x, y := got.ToPicture(float32(got.X+got.Width), float32(got.Y+got.Height)); x != 1 || y != 1 {
			t.Errorf("far corner at %g, %g of the picture", x, y)
		}
	}
	for _, bad := range [][4]int{{0, 1, 1, 1}, {1, 5000, 1, 1}, {1, 1, 0, 1}, {1, 1, 1, 9000}} {
		if _, err := shaders.NewTensor(bad[0], bad[1]).Params(bad[2], bad[3]); err == nil {
			t.Errorf("%v was taken", bad)
		}
	}
}

// A linear ramp stays linear under bilinear resizing; bars, order, scale and bias are as said.
func TestTwinTensorOfRamp(t *testing.T) {
	ramp := ref.Picture{Width: 40, Height: 20, At: func(x, y int) [3]float32 {
		return [3]float32{(float32(x) + 0.5) / 40, (float32(y) + 0.5) / 20, 0.25}
	}}
	tensor := shaders.Tensor{Width: 16, Height: 16, Pad: 0.5, BGR: true, Scale: [3]float32{2, 1, 255}, Bias: [3]float32{0, -1, 0}}
	p, err := tensor.Params(40, 20)
	if err != nil {
		t.Fatal(err)
	}
	values := ramp.Tensor(p)
	for y := range 16 {
		for x := range 16 {
			at := y*16 + x
			want := [3]float64{2 * 0.25, (float64(y-4)+0.5)/8 - 1, 255 * (float64(x) + 0.5) / 16}
			if y < 4 || y >= 12 {
				want = [3]float64{2 * 0.5, 0.5 - 1, 255 * 0.5}
			}
			for plane := range want {
				if got := float64(values[plane*256+at]); math.Abs(got-want[plane]) > 1e-4 {
					t.Fatalf("plane %d at %d,%d is %g, want %g", plane, x, y, got, want[plane])
				}
			}
		}
	}
}

func TestDispatch(t *testing.T) {
	s, err := shaders.Compose("planes_i420_tensor", shaders.Constant{Name: "WORKGROUP_X", Value: "16"})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range [][6]int{
		// picture, tensor, workgroups of 16 by 8 invocations of 4 pixels
		{1280, 720, 0, 0, 20, 90},
		{1280, 720, 640, 640, 20, 90},
		{768, 432, 640, 640, 12, 80},
		{65, 9, 1, 1, 2, 2},
		{1, 1, 0, 0, 1, 1},
	} {
		x, y := s.Dispatch(test[0], test[1], test[2], test[3])
		if int(x) != test[4] || int(y) != test[5] {
			t.Errorf("%v: %d by %d", test, x, y)
		}
	}
}

// The encoders write as many bytes as the WGSL structs take, each field at the offset WGSL gives it.
func TestLayouts(t *testing.T) {
	for _, test := range []struct {
		permutation, name string
		size, encoded     int
		offsets           string
	}{
		{"planes_i420_tensor", "FrameParams", shaders.FrameParamsSize, len(shaders.FrameParams{}.Append(nil)), "0 16 32 48 56 64 72 80 96"},
		{"planes_i420_tensor", "TensorParams", shaders.TensorParamsSize, len(shaders.TensorParams{}.Append(nil)), "0 8 12 16 32 40 48 64"},
		{"overlay", "View", shaders.ViewSize, len(shaders.View{}.Append(nil)), "0 8 12 16"},
		{"overlay", "Shape", shaders.ShapeSize, len(shaders.Shape{}.Append(nil)), "0 16 32 48 52 56 60"},
	} {
		s, err := shaders.Compose(test.permutation)
		if err != nil {
			t.Fatal(err)
		}
		_, body, found := strings.Cut(s.Code, "struct "+test.name+" {")
		if !found {
			t.Errorf("no struct %s in %s", test.name, test.permutation)
			continue
		}
		body, _, _ = strings.Cut(body, "}")
		sizes := map[string]int{"f32": 4, "u32": 4, "vec2f": 8, "vec2u": 8, "vec2i": 8, "vec4f": 16, "vec4u": 16}
		offset, largest := 0, 4
		var offsets []string
		for _, field := range regexp.MustCompile(`(?m)^\s*\w+: (\w+),`).FindAllStringSubmatch(body, -1) {
			// Scalars and these vectors are aligned to their size.
			size := sizes[field[1]]
			if size == 0 {
				t.Fatalf("%s: type %s", test.name, field[1])
			}
			offset = (offset + size - 1) / size * size
			offsets = append(offsets, fmt.Sprint(offset))
			offset += size
			largest = max(largest, size)
		}
		offset = (offset + largest - 1) / largest * largest
		if offset != test.size || test.encoded != test.size || strings.Join(offsets, " ") != test.offsets {
			t.Errorf("%s: WGSL %d bytes with fields at %v; encoded %d, said %d at %s", test.name, offset, offsets, test.encoded, test.size, test.offsets)
		}
	}
}
