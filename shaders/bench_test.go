package shaders_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"sightline/shaders"
	"sightline/shaders/ref"
)

// passTime is one line of BenchmarkPassTime's report.
type passTime struct {
	Pass    string  `json:"pass"`
	Width   int     `json:"width"`
	Height  int     `json:"height"`
	Adapter string  `json:"adapter"`
	Clock   string  `json:"clock"`
	Passes  int     `json:"passes"`
	P50     float64 `json:"p50_ms"`
	Min     float64 `json:"min_ms"`
	// CPU is the CPU time of a pass and its submission: on a software adapter the steadiest figure.
	CPU float64 `json:"cpu_ms"`
}

// BenchmarkPassTime measures GPU passes at 768x432 and 1280x720 with timestamp queries and prints one
// JSON object a line for each. Run: go test -run '^$' -bench PassTime ./shaders
func BenchmarkPassTime(b *testing.B) {
	for _, size := range [][2]int{{768, 432}, {1280, 720}} {
		for _, pass := range []string{
			"planes_i420", "planes_i420_tensor", "planes_i420_rotated", "planes_nv12", "planes_nv12_tensor",
			"texture", "texture_tensor", "picture_to_tensor", "picture", "picture_overlay",
		} {
			b.Run(fmt.Sprintf("%s/%dp", pass, size[1]), func(b *testing.B) {
				j := passJob(b, pass, size[0], size[1])
				line := passTime{Pass: pass, Width: size[0], Height: size[1], Clock: "gpu timestamps"}
				var times, cpu []float64
				for b.Loop() {
					run := runGPU(b, []job{j})
					if e := run.Results[0].Error; e != "" {
						b.Fatal(e)
					}
					line.Adapter = run.Adapter
					if !run.Timed {
						line.Clock = "submit to done"
					}
					// The first passes still compile.
					times = append(times, run.Results[0].GPUms[3:]...)
					cpu = append(cpu, run.Results[0].CPUms[3:]...)
				}
				slices.Sort(times)
				slices.Sort(cpu)
				line.CPU = cpu[len(cpu)/2]
				line.Passes, line.P50, line.Min = len(times), times[len(times)/2], times[0]
				text, err := json.Marshal(line)
				if err != nil {
					b.Fatal(err)
				}
				fmt.Println(string(text))
				b.ReportMetric(0, "ns/op")
				b.ReportMetric(line.P50, "p50-ms/pass")
				b.ReportMetric(line.CPU, "cpu-ms/pass")
			})
		}
	}
}

// passJob repeats one pass on a picture of a size; the tensor is 352 by 352.
func passJob(b *testing.B, pass string, width, height int) job {
	tensor := shaders.NewTensor(352, 352)
	var wanted *shaders.Tensor
	if strings.HasSuffix(pass, "_tensor") {
		wanted = &tensor
	}
	var j job
	switch pass {
	case "texture", "texture_tensor", "picture_to_tensor":
		picture := ref.Picture{Width: width, Height: height}
		source := resource{Type: "texture", Width: width, Height: height, Format: "rgba8unorm", data: flat(width, height, grey)}
		j = newKernelCase(b, pass, picture, nil, source, "source", wanted).job
	case "picture", "picture_overlay":
		var shapes []shaders.Shape
		if pass != "picture" {
			for i := range 20 {
				at := float32(i) / 25
				shapes = append(shapes, shaders.Shape{Kind: shaders.Outline, Box: shaders.Rect{at, at, 0.2, 0.2}, Color: shaders.RGBA(0, 255, 0, 255), Thickness: 2, Dash: float32(i % 2 * 12)})
				shapes = append(shapes, shaders.Shape{Kind: shaders.Fill, Box: shaders.Rect{at, at}, Offset: shaders.Rect{0, 0, 80, 16}, Color: shaders.RGBA(0, 0, 0, 160)})
				for k := range 10 {
					shapes = append(shapes, shaders.Shape{Kind: shaders.Glyph, Box: shaders.Rect{at, at}, Offset: shaders.Rect{float32(8 * k), 2, 7, 12}, Atlas: shaders.Rect{0, 0, 4, 4}, Color: shaders.RGBA(255, 255, 255, 255)})
				}
			}
		}
		j = renderJob(b, shaders.NewView(width, height, width, height, 1), width, height, flat(width, height, grey), shapes)
	default:
		format, permutation, rotation := shaders.I420, pass, 0
		if strings.HasPrefix(pass, "planes_nv12") {
			format = shaders.NV12
		}
		if pass == "planes_i420_rotated" {
			permutation, rotation = "planes_i420", 90
		}
		frame, planes := newFrame(format, 0, 0, width, height, 0)
		frame.Rotation = rotation
		params, err := frame.Params(len(planes))
		if err != nil {
			b.Fatal(err)
		}
		j = newKernelCase(b, permutation, ref.Planes(params, format, planes), params.Append(nil), resource{Type: "buffer", data: planes}, "planes", wanted).job
	}
	j.Repeat, j.Outputs = 33, nil
	return j
}
