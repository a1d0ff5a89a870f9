package ort

import (
	"slices"
	"testing"

	"sightline/testkit/onnxmodel"
	"sightline/vision/detect"
)

func TestBatches(t *testing.T) {
	s, err := open(t, Options{}).Load(onnxmodel.Reshape(4, 4, 6))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if s.Batch(16) != 16 {
		t.Errorf("a batch of %d", s.Batch(16))
	}
	if err := s.Fits(4, 4); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{3, 1, 5, 3, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1} { // more than are kept
		input := make([]float32, n*48)
		for i := range input {
			input[i] = float32(i + n)
		}
		var order []int
		err := s.Run(input, n, func(i int, outputs []detect.Tensor) error {
			order = append(order, i)
			if len(outputs) != 1 || !slices.Equal(outputs[0].Shape, []int{6, 8}) || !slices.Equal(outputs[0].Data, input[i*48:(i+1)*48]) {
				t.Errorf("picture %d of %d: %+v", i, n, outputs)
			}
			return nil
		})
		if err != nil || len(order) != n || !slices.IsSorted(order) {
			t.Errorf("batch of %d: %v, %v", n, order, err)
		}
	}
}
