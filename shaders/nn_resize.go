package shaders

import "math"

// Resize scales the last two dimensions (nn_resize.wgsl).
type Resize struct {
	// Size is the target's.
	Size Size
	// Rows and Columns are the first words among the constants of tables that ResizeTable makes; RowTaps
	// and ColumnTaps how many taps each index has in them.
	Rows, Columns       int
	RowTaps, ColumnTaps int
	// Outside is the value of what lies outside of the source.
	Outside        float32
	Target, Source TensorView
}

// Operator makes the dispatch.
func (r Resize) Operator() Operator {
	n := r.Size.Quads()
	b := appendInts(appendFloats(r.Size.begin(n), r.Outside), r.Rows, r.Columns, r.RowTaps, r.ColumnTaps, 0, 0)
	taps := uint32(0)
	if r.RowTaps == 1 && r.ColumnTaps == 1 {
		taps = 1
	}
	form := r.Source.form(r.Size)
	if form == formQuads {
		form = formElements
	}
	return Operator{Permutation: variant("nn_resize", "TAPS", taps, "SOURCE_FORM", form), Params: r.Source.Append(r.Target.Append(b)), Items: n}
}

// ResizeTap is an element of the source along one dimension, and its share in one of the target; an
// index below zero stands for what lies outside.
type ResizeTap struct {
	Index int
	Share float32
}

// ResizeTable makes the table of one dimension: the taps of every index of the target, which has the same
// number of them for each (1 for the nearest element, 2 for linear interpolation).
func ResizeTable(taps []ResizeTap) []uint32 {
	table := make([]uint32, 0, 2*len(taps))
	for _, t := range taps {
		if t.Index < 0 {
			table = append(table, None, 0)
		} else {
			table = append(table, uint32(t.Index), float(t.Share))
		}
	}
	return table
}

// float is a number's bits.
func float(v float32) uint32 { return math.Float32bits(v) }
