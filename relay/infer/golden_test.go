package infer

import (
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/asticode/go-astiav"

	"sightline/relay/infer/letterbox"
	"sightline/relay/infer/ort"
	"sightline/shaders"
	"sightline/vision/detect"
)

var golden = flag.Bool("golden", false, "write outputs of real models to vision/detect/testdata; run vision/detect with -update then")

// TestWriteGolden keeps what real models give for a frame of the person clip,
// reduced to the cells that hold something.
func TestWriteGolden(t *testing.T) {
	if !*golden {
		return // a tool in the place of a test: there is nothing to check
	}
	const at = 149
	units := pictures(t, "one-by-one-person-detection.mp4", at+1, 9000)
	s := store(t)
	r, err := ort.Open(ort.Options{})
	if err != nil {
		t.Fatal(err)
	}
	planes := make([]byte, 768*432*3/2)
	decodeAll(t, units, func(i int, f *astiav.Frame) {
		if i == at {
			if _, err := f.ImageCopyToBuffer(planes, 1); err != nil {
				t.Fatal(err)
			}
		}
	})
	for _, model := range []struct {
		name string
		// score is which value says whether a row holds something, rows is
		// where a row's values lie.
		keep func(o []detect.Tensor, output, index int) bool
	}{
		{"fastestdet", func(o []detect.Tensor, _, i int) bool { return o[0].Data[i%484] > 0.3 }},
		{"ultraface-rfb-320", func(o []detect.Tensor, output, i int) bool {
			row := i / 2
			if output == 1 {
				row = i / 4
			}
			return o[0].Data[2*row+1] > 0.1
		}},
	} {
		c, data, err := s.Load(model.name)
		if err != nil {
			t.Fatal(err)
		}
		session, err := r.Load(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := session.Fits(c.Input.Width, c.Input.Height); err != nil {
			t.Fatal(err)
		}
		frame, _ := shaders.PackedFrame(shaders.I420, 768, 432)
		tensor := Tensor(c.Input)
		input := make([]float32, tensor.Bytes()/4)
		var resizer letterbox.Resizer
		if err := resizer.Fill(frame, planes, tensor, input); err != nil {
			t.Fatal(err)
		}
		// Nobody in the clip shows a face: what is weak will do.
		least := c.Thresholds.Low
		if model.name != "fastestdet" {
			least = 0.1
		}
		box := tensor.Letterbox(768, 432)
		type sparse struct {
			Shape []int
			Index []int
			Value []float32
		}
		file := struct {
			Note      string
			Card      json.RawMessage
			Letterbox [4]float32
			Least     float32
			Outputs   []sparse
		}{"Frame 149 of one-by-one-person-detection.mp4 (10 fps), encoded anew; CC BY 4.0, intel-iot-devkit/sample-videos.", c.Append(nil),
			[4]float32{float32(box.X), float32(box.Y), float32(box.Width), float32(box.Height)}, least, nil}
		err = session.Run(input, 1, func(_ int, outputs []detect.Tensor) error {
			for k, o := range outputs {
				out := sparse{Shape: o.Shape, Index: []int{}, Value: []float32{}}
				for i, v := range o.Data {
					if v != 0 && model.keep(outputs, k, i) {
						out.Index, out.Value = append(out.Index, i), append(out.Value, v)
					}
				}
				file.Outputs = append(file.Outputs, out)
			}
			return nil
		})
		session.Close()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile("../../vision/detect/testdata/"+model.name+".golden.json", append(text, '\n'), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
