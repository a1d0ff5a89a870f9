package ort

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sightline/relay/health"
	"sightline/testkit/camera"
	"sightline/vision/detect"
)

func open(t testing.TB, o Options) *Runtime {
	t.Helper()
	r, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func session(t testing.TB, r *Runtime, model string) *Session {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(camera.Shared(t), "testdata", "models", model))
	if err != nil {
		t.Fatal(err)
	}
	s, err := r.Load(data)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s
}

func TestModelsRun(t *testing.T) {
	r := open(t, Options{})
	t.Logf("ONNX Runtime %s, %+v", r.Version(), r.Choice())
	if c := r.Choice(); c.Provider == "" || c.Reason == "" {
		t.Errorf("choice %+v", c)
	}
	for _, c := range []struct {
		model         string
		width, height int
		shapes        [][]int
	}{
		{"fastestdet-352.onnx", 352, 352, [][]int{{85, 22, 22}}},
		{"ultraface-rfb-320.onnx", 320, 240, [][]int{{4420, 2}, {4420, 4}}},
		{"yolo11n-random-320.onnx", 320, 320, [][]int{{84, 2100}}},
	} {
		t.Run(c.model, func(t *testing.T) {
			s := session(t, r, c.model)
			if err := s.Fits(c.width, c.height); err != nil {
				t.Fatal(err)
			}
			if s.Fits(c.width+1, c.height) == nil && s.size[2] == c.width {
				t.Error("fits another size")
			}
			input := make([]float32, 3*c.width*c.height)
			for i := range input {
				input[i] = float32(i%255) / 255
			}
			var first []float32
			for range 2 {
				err := s.Run(input, 1, func(i int, outputs []detect.Tensor) error {
					if len(outputs) != len(c.shapes) {
						t.Fatalf("%d outputs", len(outputs))
					}
					for k, o := range outputs {
						n := 1
						for d, side := range o.Shape {
							n *= side
							if side != c.shapes[k][d] {
								t.Errorf("output %d has shape %v, want %v", k, o.Shape, c.shapes[k])
							}
						}
						if n != len(o.Data) || math.IsNaN(float64(o.Data[0])) {
							t.Errorf("output %d: %d values of %v", k, len(o.Data), o.Shape)
						}
					}
					if first == nil {
						first = append(first, outputs[0].Data...)
					} else if first[5] != outputs[0].Data[5] {
						t.Error("the same input gives another output")
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			t.Logf("batch %d, of 16 wanted: %d", s.batch, s.Batch(16))
			if err := s.Run(input, 2, nil); err == nil {
				t.Error("two pictures of one's size are taken")
			}
			s.Close()
			if err := s.Run(input, 1, nil); err == nil {
				t.Error("a closed session runs")
			}
		})
	}
}

func TestGarbageIsNoModel(t *testing.T) {
	r := open(t, Options{})
	good, err := os.ReadFile(filepath.Join(camera.Shared(t), "testdata", "models", "fastestdet-352.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": nil, "text": []byte("<html>404</html>"), "zeros": make([]byte, 1000), "cut": good[:len(good)/2],
	} {
		s, err := r.Load(data)
		if err == nil {
			s.Close()
			t.Errorf("%s is taken for a model", name)
		} else if !strings.HasPrefix(err.Error(), "ort: ") || strings.Contains(err.Error(), ".cc:") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMissingLibrary(t *testing.T) {
	text := filepath.Join(t.TempDir(), "libonnxruntime.so")
	if err := os.WriteFile(text, []byte("no library"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		search Search
		want   string
	}{
		"nowhere":       {Search{Folders: []string{t.TempDir(), "/nonexistent"}}, "no libonnxruntime.so in"},
		"named wrongly": {Search{Named: "/nonexistent/lib.so"}, "names /nonexistent/lib.so"},
		"empty folder":  {Search{Named: t.TempDir()}, "no libonnxruntime.so in"},
	} {
		_, err := Open(Options{Search: &c.search})
		got, ok := errors.AsType[health.Condition](err)
		if !ok || got.Code != health.InferLibraryMissing || !strings.Contains(got.Text, c.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if found, err := (Search{Folders: []string{"/nonexistent", filepath.Dir(text)}}).Find(); err != nil || found != text {
		t.Errorf("found %q, %v", found, err)
	}
}

func TestMissingProvider(t *testing.T) {
	r := open(t, Options{Provider: CUDA})
	if r.Choice().Provider == CUDA {
		t.Log("this machine has CUDA")
		return
	}
	c, missing := r.Condition()
	if !missing || c.Code != health.InferProviderMissing || !strings.Contains(c.Text, "infer.provider is cuda, but the models run on cpu: no cuda: ") {
		t.Errorf("%v", c)
	}
	t.Log(c.Text)
	if _, missing := open(t, Options{}).Condition(); missing {
		t.Error("auto complains")
	}
	if s := session(t, r, "fastestdet-352.onnx"); s.Provider() != CPU {
		t.Errorf("runs on %s", s.Provider())
	}
}
