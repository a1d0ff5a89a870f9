package detect

import (
	"errors"
	"strconv"
)

// yolo reads the one output of YOLOv8 and YOLO11 as exported to ONNX: 4+classes
// rows over all anchors, centre and size in input pixels and class
// probabilities, with the distribution of the box sides already summed up. An
// export with the two dimensions the other way round is read too.
type yolo struct{ classes int }

func (h yolo) candidates(outputs []Tensor, least float32, into []candidate) ([]candidate, error) {
	rows := 4 + h.classes
	if len(outputs) != 1 || len(outputs[0].Shape) != 2 || outputs[0].Shape[0] != rows && outputs[0].Shape[1] != rows {
		return into, errors.New("detect: yolo: outputs " + shapes(outputs) + " are not one of " + strconv.Itoa(rows) +
			" rows (4 and one for each class)")
	}
	data := outputs[0].Data
	anchors, next, step := outputs[0].Shape[1], 1, outputs[0].Shape[1] // from anchor to anchor, from row to row
	if outputs[0].Shape[0] != rows {
		anchors, next, step = outputs[0].Shape[0], rows, 1
	}
	for i := range anchors {
		at := i * next
		class, score := best(data, at+4*step, step, h.classes)
		if !(score >= least) {
			continue
		}
		cx, cy, w, t := data[at], data[at+step], data[at+2*step], data[at+3*step]
		into = append(into, candidate{Corners{class, score, cx - w/2, cy - t/2, cx + w/2, cy + t/2}, i})
	}
	return into, nil
}
