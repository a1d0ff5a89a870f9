package shaders

import (
	"errors"
	"math"
	"strconv"

	"sightline/vision/card"
	"sightline/vision/detect"
)

// MaxBoxes is the most boxes that come back of a frame, so that the result stays within 16 KB; the
// constant MAX_BOXES of lib/detections.wgsl.
const MaxBoxes = (16<<10 - nmsHeaderBytes) / nmsBoxBytes

const (
	nmsHeaderBytes = 16
	nmsBoxBytes    = 24
)

// NMSParams is the uniform NMSParams of nms.wgsl, which explains the fields.
type NMSParams struct {
	IoU         float32
	Limit, Most int
}

// NMSParamsSize is the uniform's size in bytes.
const NMSParamsSize = 16

// NewNMSParams takes the parameters from a valid card.
func NewNMSParams(c card.Card) NMSParams {
	return NMSParams{c.Thresholds.IoU, min(c.Thresholds.Limit, MaxBoxes), detect.MaxCandidates}
}

// Operator makes the dispatch.
func (p NMSParams) Operator() Operator {
	return Operator{Permutation: "nms", Params: p.Append(nil), Items: 1, Shared: true}
}

// Append appends the uniform's bytes: iou (0), limit (4), most (8) and 4 bytes of padding.
func (p NMSParams) Append(b []byte) []byte {
	b = appendFloats(b, p.IoU)
	return appendWords(b, uint32(p.Limit), uint32(p.Most), 0)
}

// ResultBytes is how much of the beginning of the detections is to be read back, at most 16 KB.
func (p NMSParams) ResultBytes() int { return nmsHeaderBytes + nmsBoxBytes*p.Limit }

// NMSResult is what comes back of a frame.
type NMSResult struct {
	// Boxes are the boxes that are kept, best first.
	Boxes []detect.Corners
	// Found is how many candidates there were, Considered how many of the best of them were looked at.
	Found, Considered int
}

// ParseNMSResult reads what came back; boxes are appended to those given. It refuses a buffer that is
// too short for what it says it holds, and boxes that have no place or class.
func ParseNMSResult(b []byte, classes int, boxes []detect.Corners) (NMSResult, error) {
	if len(b) < nmsHeaderBytes {
		return NMSResult{}, errors.New("shaders: result of " + strconv.Itoa(len(b)) + " bytes")
	}
	kept := word(b, 0)
	r := NMSResult{Boxes: boxes, Found: int(word(b, 1)), Considered: int(word(b, 2))}
	if uint64(kept) > uint64((len(b)-nmsHeaderBytes)/nmsBoxBytes) {
		return NMSResult{}, errors.New("shaders: result of " + strconv.Itoa(len(b)) + " bytes says it holds " + strconv.FormatUint(uint64(kept), 10) + " boxes")
	}
	for i := range int(kept) {
		at := nmsHeaderBytes/4 + nmsBoxBytes/4*i
		value := func(k int) float32 { return math.Float32frombits(word(b, at+k)) }
		c := detect.Corners{Left: value(0), Top: value(1), Right: value(2), Bottom: value(3), Score: value(4)}
		class := word(b, at+5)
		if class >= uint32(classes) {
			return NMSResult{}, errors.New("shaders: box " + strconv.Itoa(i) + " is of class " + strconv.FormatUint(uint64(class), 10) + " of " + strconv.Itoa(classes))
		}
		c.Class = int(class)
		if !(c.Score > 0) || !finite(c.Left, c.Top, c.Right, c.Bottom) {
			// A model that gives no numbers finds nothing.
			continue
		}
		r.Boxes = append(r.Boxes, c)
	}
	return r, nil
}

func finite(values ...float32) bool {
	for _, v := range values {
		// Infinity minus itself is no number.
		if v-v != 0 {
			return false
		}
	}
	return true
}
