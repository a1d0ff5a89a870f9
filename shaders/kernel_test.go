package shaders_test

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"sightline/shaders"
	"sightline/shaders/ref"
)

// newFrame describes a frame of random bytes with a visible rectangle at an offset and padded strides.
func newFrame(format shaders.PlaneFormat, x, y, width, height, pad int) (shaders.Frame, []byte) {
	codedWidth, codedHeight := x+width+pad, y+height+pad
	f, _ := shaders.PackedFrame(format, codedWidth, codedHeight)
	// Any offset and stride is allowed, so take odd ones.
	at := pad
	rows := [3]int{codedHeight, (codedHeight + 1) / 2, (codedHeight + 1) / 2}
	for i := range f.Planes {
		if f.Planes[i].Stride == 0 {
			continue
		}
		f.Planes[i].Offset = at
		f.Planes[i].Stride += pad
		at += f.Planes[i].Stride*rows[i] + pad
	}
	f.VisibleX, f.VisibleY, f.VisibleWidth, f.VisibleHeight = x, y, width, height
	random := rand.New(rand.NewPCG(uint64(width), uint64(height)))
	planes := make([]byte, at)
	for i := range planes {
		planes[i] = byte(random.Uint32())
	}
	return f, planes
}

// kernelCase is one frame through one permutation.
type kernelCase struct {
	name    string
	job     job
	picture ref.Picture
	tensor  *shaders.TensorParams
}

// newKernelCase makes the job for a permutation; picture is its oracle, and source and params what it
// reads.
func newKernelCase(t testing.TB, permutation string, picture ref.Picture, params []byte, source resource, sourceName string, tensor *shaders.Tensor) kernelCase {
	t.Helper()
	st, s := newStep(t, permutation)
	c := kernelCase{name: permutation, picture: picture}
	made := resource{Type: "texture", Width: picture.Width, Height: picture.Height, Format: "rgba8unorm"}
	resources := map[string]resource{sourceName: source, "picture": made}
	if permutation == "picture_to_tensor" {
		// It reads the picture, which then comes back unchanged.
		resources = map[string]resource{"picture": source}
	}
	if params != nil {
		resources["frame"] = resource{Type: "buffer", Uniform: true, data: params}
	}
	outputs := map[string]string{"picture": ""}
	var tensorWidth, tensorHeight int
	if tensor != nil {
		p, err := tensor.Params(picture.Width, picture.Height)
		if err != nil {
			t.Fatal(err)
		}
		c.tensor, tensorWidth, tensorHeight = &p, tensor.Width, tensor.Height
		resources["tensor_params"] = resource{Type: "buffer", Uniform: true, data: p.Append(nil)}
		resources["tensor"] = resource{Type: "buffer", Size: tensor.Bytes()}
		outputs["tensor"] = ""
	}
	pictureWidth, pictureHeight := picture.Width, picture.Height
	if permutation == "picture_to_tensor" {
		pictureWidth, pictureHeight = 0, 0
	}
	st.Workgroups[0], st.Workgroups[1] = s.Dispatch(pictureWidth, pictureHeight, tensorWidth, tensorHeight)
	c.job = job{Steps: []step{st}, Resources: resources, Outputs: outputs}
	return c
}

// check runs the cases and compares picture (within 1 of 255) and tensor (within 1e-3) with the twin.
func check(t *testing.T, cases []kernelCase) {
	t.Helper()
	jobs := make([]job, len(cases))
	for i := range cases {
		jobs[i] = cases[i].job
	}
	run := runGPU(t, jobs)
	for i, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if e := run.Results[i].Error; e != "" {
				t.Fatal(e)
			}
			got, want := run.output(t, i, "picture"), c.picture.RGBA()
			if len(got) != len(want) {
				t.Fatalf("picture of %d bytes, want %d", len(got), len(want))
			}
			for at := range got {
				if d := int(got[at]) - int(want[at]); d < -1 || d > 1 {
					pixel := at / 4
					t.Fatalf("picture pixel %d,%d channel %d: GPU %d, twin %d", pixel%c.picture.Width, pixel/c.picture.Width, at%4, got[at], want[at])
				}
			}
			if c.tensor == nil {
				return
			}
			compareTensor(t, run.output(t, i, "tensor"), c.picture.Tensor(*c.tensor))
		})
	}
}

func compareTensor(t *testing.T, values []byte, wantValues []float32) {
	t.Helper()
	if len(values) != 4*len(wantValues) {
		t.Fatalf("tensor of %d bytes, want %d", len(values), 4*len(wantValues))
	}
	for at, want := range wantValues {
		got := float64(math.Float32frombits(binary.LittleEndian.Uint32(values[4*at:])))
		if math.IsNaN(got) || math.Abs(got-float64(want)) > 1e-3 {
			t.Fatalf("tensor value %d: GPU %g, twin %g", at, got, want)
		}
	}
}

var geometries = []struct {
	name                     string
	x, y, width, height, pad int
	tensor                   shaders.Tensor
}{
	{"whole", 0, 0, 64, 48, 0, shaders.NewTensor(32, 32)},
	{"odd", 0, 0, 37, 23, 0, shaders.NewTensor(41, 50)},
	{"cropped-even", 4, 6, 30, 21, 3, shaders.NewTensor(19, 16)},
	{"cropped-odd", 5, 3, 21, 19, 7, shaders.Tensor{
		Width: 27, Height: 18, Stretch: true, BGR: true, Pad: 0.5,
		Scale: [3]float32{1 / 0.229, 1 / 0.224, 255}, Bias: [3]float32{-2.1, -2, 0.25},
	}},
	{"thin", 0, 0, 1, 9, 1, shaders.NewTensor(8, 8)},
}

// Every planes permutation makes what its twin makes, for each format, matrix, range, rotation and
// flip, with cropped and odd-sized frames and odd offsets and strides.
func TestPlanesMatchTwin(t *testing.T) {
	var cases []kernelCase
	for _, format := range []shaders.PlaneFormat{shaders.I420, shaders.NV12} {
		for _, g := range geometries {
			frame, planes := newFrame(format, g.x, g.y, g.width, g.height, g.pad)
			for matrix, matrixName := range map[shaders.Matrix]string{shaders.BT601: "601", shaders.BT709: "709", shaders.BT2020: "2020"} {
				for turn := range 16 {
					frame.Matrix, frame.FullRange = matrix, turn&1 != 0
					frame.Flip, frame.Rotation = turn&2 != 0, turn>>2*90
					params, err := frame.Params(len(planes))
					if err != nil {
						t.Fatal(err)
					}
					tensor := &g.tensor
					if turn&1 == int(matrix)&1 {
						tensor = nil
					}
					c := newKernelCase(t, shaders.PlanesPermutation(format, tensor != nil), ref.Planes(params, format, planes),
						params.Append(nil), resource{Type: "buffer", data: planes}, "planes", tensor)
					c.name = fmt.Sprintf("%s/%s/%s/full=%t/rotation=%d/flip=%t", c.name, g.name, matrixName, frame.FullRange, frame.Rotation, frame.Flip)
					cases = append(cases, c)
				}
			}
		}
	}
	check(t, cases)
}

// The kernels that read a texture. That of opaque frames runs on an ordinary one here: only a browser
// has external ones.
func TestTextureMatchesTwin(t *testing.T) {
	var cases []kernelCase
	for _, g := range geometries {
		_, texels := newFrame(shaders.I420, 0, 0, 4*g.width, g.height, 0)
		texels = texels[:4*g.width*g.height]
		for at := 3; at < len(texels); at += 4 {
			texels[at] = 255
		}
		source := resource{Type: "texture", Width: g.width, Height: g.height, Format: "rgba8unorm", data: texels}
		picture := ref.Texture(g.width, g.height, texels)
		for permutation, tensor := range map[string]*shaders.Tensor{"texture": nil, "texture_tensor": &g.tensor, "picture_to_tensor": &g.tensor} {
			c := newKernelCase(t, permutation, picture, nil, source, "source", tensor)
			c.name += "/" + g.name
			cases = append(cases, c)
		}
	}
	check(t, cases)
}

// The tensor made of the picture by a second dispatch of the same pass is the tensor of that picture.
func TestTensorInTheSamePass(t *testing.T) {
	frame, planes := newFrame(shaders.NV12, 2, 3, 50, 31, 1)
	frame.Rotation = 90
	params, err := frame.Params(len(planes))
	if err != nil {
		t.Fatal(err)
	}
	picture := ref.Planes(params, shaders.NV12, planes)
	tensor := shaders.NewTensor(24, 32)
	c := newKernelCase(t, "planes_nv12", picture, params.Append(nil), resource{Type: "buffer", data: planes}, "planes", nil)
	second := newKernelCase(t, "picture_to_tensor", picture, nil, resource{}, "picture", &tensor)
	c.job.Steps = append(c.job.Steps, second.job.Steps...)
	for _, name := range []string{"tensor", "tensor_params"} {
		c.job.Resources[name] = second.job.Resources[name]
	}
	c.job.Outputs["tensor"] = ""
	run := runGPU(t, []job{c.job})
	if e := run.Results[0].Error; e != "" {
		t.Fatal(e)
	}
	stored := ref.Texture(picture.Width, picture.Height, run.output(t, 0, "picture"))
	compareTensor(t, run.output(t, 0, "tensor"), stored.Tensor(*second.tensor))
}

// A shader that Dawn refuses, and bindings that do not fit, are reported by the runner: without this
// the tests above could pass on an error nobody sees.
func TestRunnerReportsErrors(t *testing.T) {
	broken, _ := newStep(t, "planes_i420")
	broken.Code += "\nfn broken() -> f32 { return true; }\n"
	misfit, _ := newStep(t, "planes_i420")
	misfit.Bindings = append([]binding(nil), misfit.Bindings...)
	misfit.Bindings[1].Kind = "storage"
	run := runGPU(t, []job{
		{Steps: []step{broken}, CompileOnly: true},
		{Steps: []step{misfit}, CompileOnly: true},
	})
	for i, r := range run.Results {
		if r.Error == "" {
			t.Errorf("job %d: no error", i)
		}
	}
}
