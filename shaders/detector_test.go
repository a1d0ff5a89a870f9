package shaders_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"testing"

	"sightline/shaders"
	"sightline/shaders/ref"
	"sightline/vision/light"
	"sightline/vision/motion"
)

// clip is a row of pictures of one size.
type clip struct {
	name          string
	width, height int
	frames        [][]byte // R, G, B, A
}

func (c clip) bytes() []byte { return slices.Concat(c.frames...) }

const clipFrames = 100

// syntheticClip has everything that moves: rectangles that enter, stop and leave, noise, a pixel that
// alternates, a step of brightness and a black picture; of an odd size whose rows do not fill words.
func syntheticClip() clip {
	c := clip{name: "synthetic", width: 149, height: 83}
	random := rand.New(rand.NewPCG(3, 4))
	for n := range clipFrames {
		f := make([]byte, 4*c.width*c.height)
		for y := range c.height {
			for x := range c.width {
				v := [3]int{60 + x%50, 80 + (x*y)%37, 100 + y/2}
				for k := range 9 {
					left, top := (n*(k+1)+k*31)%(c.width+30)-20, (k*23+n*(k%3))%c.height
					if x >= left && x < left+4+3*k && y >= top && y < top+3+2*k {
						v = [3]int{(k * 61) % 256, 250 - k*20, (k * 97) % 256}
					}
					// A shadow: darker, of the same colour.
					if k < 3 && x >= left && x < left+20 && y >= top+12 && y < top+18 {
						v = [3]int{v[0] * 7 / 10, v[1] * 7 / 10, v[2] * 7 / 10}
					}
				}
				if n%2 == 0 && x < 40 && y > 70 {
					v = [3]int{200, 10, 10}
				}
				for i := range v {
					v[i] += random.IntN(9) - 4
					if n > 60 && n < 80 {
						v[i] = v[i] * 3 / 2
					}
					if n == 90 {
						v[i] = 0
					}
					f[4*(y*c.width+x)+i] = byte(min(max(v[i], 0), 255))
				}
				f[4*(y*c.width+x)+3] = 255
			}
		}
		c.frames = append(c.frames, f)
	}
	return c
}

// recordedClip decodes the clip of cars with FFmpeg, scaled down to keep the run short.
func recordedClip(t testing.TB, name string) clip {
	t.Helper()
	shared := os.Getenv("SIGHTLINE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "shared")
	}
	path := filepath.Join(shared, "testdata", "video", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no test video %s; set SIGHTLINE_SHARED to the folder that has testdata/video", path)
	}
	c := clip{name: name, width: 320, height: 180}
	out, err := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-i", path, "-vf", "scale=320:180",
		"-frames:v", strconv.Itoa(clipFrames), "-f", "rawvideo", "-pix_fmt", "rgba", "-").Output()
	if err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
	size := 4 * c.width * c.height
	if len(out) != size*clipFrames {
		t.Fatalf("%d bytes from FFmpeg, want %d frames", len(out), clipFrames)
	}
	for n := range clipFrames {
		c.frames = append(c.frames, out[n*size:(n+1)*size])
	}
	return c
}

func clips(t testing.TB) []clip {
	return []clip{syntheticClip(), recordedClip(t, "car-detection.mp4")}
}

// motionParams change from frame to frame, as they do while the model warms up.
func motionParams(c clip, n int) shaders.MotionParams {
	width, height := shaders.MotionSize(c.width, c.height, 240*135)
	return shaders.MotionParams{Params: motion.Params{
		Width: uint32(width), Height: uint32(height), WeightRate: uint32(max(65535/(n+1), 218)), MeanRate: 2000,
		VarianceStart: 20 * 256, VarianceLeast: 8 * 256, VarianceMost: 75 * 256, Reach: 16, Background: 58982,
		ShadowLuma: 150, ShadowChroma: 2560, LeastArea: 6,
	}}
}

// The motion kernels find what their twin finds, frame by frame, to the bit.
func TestMotionMatchesTwin(t *testing.T) {
	list := clips(t)
	var jobs []job
	for _, c := range list {
		first := motionParams(c, 0)
		j := job{Frames: clipFrames, Resources: map[string]resource{}, Outputs: map[string]string{"result": ""},
			frameData: map[string][]byte{"picture": c.bytes(), "result": make([]byte, clipFrames*shaders.MotionHeaderBytes)}}
		for name, size := range first.MotionBuffers() {
			j.Resources[name] = resource{Type: "buffer", Size: size}
		}
		j.Resources["params"] = resource{Type: "buffer", Uniform: true, Size: shaders.MotionParamsSize}
		j.Resources["picture"] = resource{Type: "texture", Width: c.width, Height: c.height, Format: "rgba8unorm"}
		for n := range clipFrames {
			p := motionParams(c, n)
			if err := p.Validate(); err != nil {
				t.Fatal(err)
			}
			j.frameData["params"] = p.Append(j.frameData["params"])
		}
		for _, s := range shaders.MotionSteps() {
			st, shader := newStep(t, s.Permutation)
			st.Resources = s.Buffers
			st.Workgroups[0], st.Workgroups[1] = s.Groups(first, shader)
			j.Steps = append(j.Steps, st)
		}
		jobs = append(jobs, j)
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) {
			if e := run.Results[i].Error; e != "" {
				t.Fatal(e)
			}
			results := run.output(t, i, "result")
			var twin ref.Motion
			regions := 0
			for n, rgba := range c.frames {
				p := motionParams(c, n)
				got, err := shaders.ParseMotionResult(results[n*shaders.MotionResultBytes:][:shaders.MotionResultBytes])
				if err != nil {
					t.Fatal(err)
				}
				want := twin.Frame(p, ref.Pixels{Width: c.width, Height: c.height, RGBA: rgba})
				slices.SortFunc(got.Regions, compareRegions)
				slices.SortFunc(want.Regions, compareRegions)
				regions += len(want.Regions)
				if got.Gain != want.Gain || got.Moving != want.Moving || got.Shadow != want.Shadow || got.Brighter != want.Brighter ||
					got.Darker != want.Darker || got.Found != want.Found || !slices.Equal(got.Regions, want.Regions) && got.Found <= shaders.MotionBoxes {
					t.Fatalf("frame %d: GPU %+v\ntwin %+v", n, got, want)
				}
			}
			if regions < clipFrames {
				t.Errorf("only %d regions in %d frames: the clip shows too little", regions, clipFrames)
			}
			t.Logf("%d frames, %d regions, all equal", clipFrames, regions)
		})
	}
}

func compareRegions(a, b motion.Region) int {
	return slices.Compare([]int{a.Top, a.Left, a.Bottom, a.Right, a.Area}, []int{b.Top, b.Left, b.Bottom, b.Right, b.Area})
}

// The light kernels sum up what their twin sums up, frame by frame, to the bit.
func TestLightMatchesTwin(t *testing.T) {
	list := clips(t)
	params := func(n int) shaders.LightParams {
		return shaders.LightParams{Params: light.Params{ReferenceRate: uint32(n*n*6) % 65536, Saturated: 250}}
	}
	var jobs []job
	for _, c := range list {
		j := job{Frames: clipFrames, Outputs: map[string]string{"cells": ""}, frameData: map[string][]byte{"picture": c.bytes()},
			Resources: map[string]resource{
				"params":  {Type: "buffer", Uniform: true, Size: shaders.LightParamsSize},
				"picture": {Type: "texture", Width: c.width, Height: c.height, Format: "rgba8unorm"},
			}}
		for name, size := range shaders.LightBuffers() {
			j.Resources[name] = resource{Type: "buffer", Size: size}
		}
		for n := range clipFrames {
			j.frameData["params"] = params(n).Append(j.frameData["params"])
		}
		for _, s := range shaders.LightSteps() {
			st, _ := newStep(t, s.Permutation)
			st.Resources, st.Workgroups = s.Buffers, [2]uint32{s.X, s.Y}
			j.Steps = append(j.Steps, st)
		}
		jobs = append(jobs, j)
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) {
			if e := run.Results[i].Error; e != "" {
				t.Fatal(e)
			}
			out := run.output(t, i, "cells")
			var twin ref.Light
			for n, rgba := range c.frames {
				got, err := shaders.ParseLightCells(out[n*shaders.LightCellsBytes:][:shaders.LightCellsBytes])
				if err != nil {
					t.Fatal(err)
				}
				want := twin.Cells(params(n), ref.Pixels{Width: c.width, Height: c.height, RGBA: rgba})
				for at := range want {
					if got[at] != want[at] {
						t.Fatalf("frame %d cell %d: GPU %+v\ntwin %+v", n, at, got[at], want[at])
					}
				}
			}
		})
	}
}

// Patterns that are hard to join give the same regions on the GPU, in the twin and by a flood fill.
func TestRegionsMatchFloodFill(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	var jobs []job
	var wants [][]motion.Region
	for trial := range 30 {
		width, height := 20+random.IntN(90), 5+random.IntN(40)
		mask := ref.NewMask(width, height)
		for y := range height {
			for x := range width {
				spiral := (x+y)%4 != 0 && (x/3+y)%5 != 1
				if trial%3 == 0 && spiral || trial%3 == 1 && random.IntN(100) < 40 || trial%3 == 2 && (x%2 == 0 || y%6 == 5*(x/2%2)) {
					mask.Bits[y*mask.Words+x/32] |= 1 << (x % 32)
				}
			}
		}
		got := mask.Regions(1)
		want := floodFill(mask)
		slices.SortFunc(got, compareRegions)
		slices.SortFunc(want, compareRegions)
		if len(want) > shaders.MotionBoxes {
			continue // which of them are given is not said
		}
		if !slices.Equal(got, want) {
			t.Fatalf("trial %d: %v\nwant %v", trial, got, want)
		}
		jobs, wants = append(jobs, regionsJob(t, mask)), append(wants, want)
	}
	if len(jobs) < 10 {
		t.Fatalf("only %d trials have few enough regions", len(jobs))
	}
	run := runGPU(t, jobs)
	for i, want := range wants {
		if e := run.Results[i].Error; e != "" {
			t.Fatal(e)
		}
		got, err := shaders.ParseMotionResult(run.output(t, i, "result"))
		if err != nil {
			t.Fatal(err)
		}
		slices.SortFunc(got.Regions, compareRegions)
		if !slices.Equal(got.Regions, want) {
			t.Fatalf("job %d: GPU %v\nwant %v", i, got.Regions, want)
		}
	}
}

// regionsJob runs the last four steps alone, on a mask.
func regionsJob(t *testing.T, mask ref.Mask) job {
	p := motionParams(clip{width: mask.Width, height: mask.Height}, 0)
	p.Width, p.Height, p.LeastArea = uint32(mask.Width), uint32(mask.Height), 1
	j := job{Resources: map[string]resource{}, Outputs: map[string]string{"result": ""}}
	for name, size := range p.MotionBuffers() {
		j.Resources[name] = resource{Type: "buffer", Size: size}
	}
	j.Resources["params"] = resource{Type: "buffer", Uniform: true, data: p.Append(nil)}
	var bits []byte
	for _, w := range mask.Bits {
		bits = binary.LittleEndian.AppendUint32(bits, w)
	}
	j.Resources["first"] = resource{Type: "buffer", data: bits}
	for _, s := range shaders.MotionSteps()[5:] {
		st, shader := newStep(t, s.Permutation)
		st.Resources = s.Buffers
		st.Workgroups[0], st.Workgroups[1] = s.Groups(p, shader)
		j.Steps = append(j.Steps, st)
	}
	return j
}

func floodFill(m ref.Mask) []motion.Region {
	seen := make([]bool, m.Width*m.Height)
	var out []motion.Region
	for at := range seen {
		if seen[at] || !m.Set(at%m.Width, at/m.Width) {
			continue
		}
		r := motion.Region{Left: m.Width, Top: m.Height}
		stack := []int{at}
		seen[at] = true
		for len(stack) > 0 {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := p%m.Width, p/m.Width
			r = motion.Region{Left: min(r.Left, x), Top: min(r.Top, y), Right: max(r.Right, x+1), Bottom: max(r.Bottom, y+1), Area: r.Area + 1}
			for ny := max(y-1, 0); ny <= min(y+1, m.Height-1); ny++ {
				for nx := max(x-1, 0); nx <= min(x+1, m.Width-1); nx++ {
					if q := ny*m.Width + nx; !seen[q] && m.Set(nx, ny) {
						seen[q] = true
						stack = append(stack, q)
					}
				}
			}
		}
		out = append(out, r)
	}
	return out
}

func TestMotionSize(t *testing.T) {
	for _, c := range []struct{ width, height, pixels, wantWidth, wantHeight int }{
		{1280, 720, 0, 384, 216}, {1920, 1080, 0, 384, 216}, {720, 1280, 0, 216, 384}, {768, 432, 0, 384, 216},
		{320, 180, 0, 320, 180}, {8192, 100, 0, 512, 6}, {1, 8192, 0, 1, 512}, {1280, 720, 256 * 144, 256, 144}, {1, 1, 0, 1, 1},
	} {
		w, h := shaders.MotionSize(c.width, c.height, c.pixels)
		if w != c.wantWidth || h != c.wantHeight {
			t.Errorf("%d x %d (%d pixels): %d x %d, want %d x %d", c.width, c.height, c.pixels, w, h, c.wantWidth, c.wantHeight)
		}
	}
}

// What the GPU sends back is data: no bytes of it may crash the client.
func FuzzMotionResult(f *testing.F) {
	f.Add(make([]byte, shaders.MotionResultBytes))
	f.Add(bytes.Repeat([]byte{0xff}, shaders.MotionResultBytes))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := shaders.ParseMotionResult(b)
		if err == nil && len(r.Regions) > shaders.MotionBoxes {
			t.Fatal(len(r.Regions))
		}
		if _, err := shaders.ParseLightCells(b); err == nil && len(b) < shaders.LightCellsBytes {
			t.Fatal("cells out of nothing")
		}
	})
}
