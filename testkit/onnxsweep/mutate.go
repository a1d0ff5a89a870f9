package onnxsweep

import (
	"slices"
	"strings"

	"sightline/testkit/onnxmodel"
	"sightline/vision/onnx"
)

// Mutate breaks a model in a place that bytes at random hardly reach.
func (d *Draw) Mutate() {
	odd := func() int {
		return d.from(-1, 0, 1, 2, 3, -2, 7, 100, 4095, 1<<31-1, -1<<31, 1<<40, -1<<40, 1<<62, -1<<63, 1<<63-1)
	}
	n := &d.Model.Nodes[d.IntN(len(d.Model.Nodes))]
	switch d.IntN(10) {
	case 0:
		names := append(Operators(), strings.Fields(`Where Range Tile NonZero Min Max Mod And Or Not Abs Floor Log
			ReduceSum ReduceProd ReduceMin Equal Less ConstantOfShape Size Shape Sum Neg Reciprocal GlobalMaxPool Identity Constant`)...)
		n.Op = names[d.IntN(len(names))]
	case 1:
		d.Model.Opset = 1 + d.IntN(21)
	case 2, 3:
		if len(n.Attributes) == 0 {
			return
		}
		a := &n.Attributes[d.IntN(len(n.Attributes))]
		switch v := a.Value.(type) {
		case int:
			a.Value = odd()
		case []int:
			v = slices.Clone(v)
			if len(v) > 0 {
				v[d.IntN(len(v))] = odd()
			}
			a.Value = v[:d.IntN(len(v)+1)]
			if d.IntN(2) == 0 {
				a.Value = v
			}
		case float32:
			a.Value = float32(odd())
		case string:
			a.Value = d.text("SAME_UPPER VALID nearest linear cubic wrap reflect edge tf_crop_and_resize simple")
		}
	case 4:
		if len(d.Model.Inputs) > 0 {
			in := &d.Model.Inputs[d.IntN(len(d.Model.Inputs))]
			in.Shape = slices.Clone(in.Shape)
			if len(in.Shape) > 0 && d.IntN(2) == 0 {
				in.Shape[d.IntN(len(in.Shape))] = d.from(0, 0, 1, 2, 5, 1<<20)
			} else {
				in.Shape = d.shape(d.IntN(6), 3)
			}
		}
	case 5, 6:
		if len(d.Model.Initializers) == 0 {
			return
		}
		c := *d.Model.Initializers[d.IntN(len(d.Model.Initializers))].Tensor
		c.I64, c.F32 = slices.Clone(c.I64), slices.Clone(c.F32)
		if len(c.I64) > 0 {
			c.I64[d.IntN(len(c.I64))] = int64(odd())
		}
		if len(c.F32) > 0 {
			c.F32[d.IntN(len(c.F32))] = float32(odd())
		}
		if d.IntN(3) == 0 {
			// Another shape of as many elements, or none.
			c.Shape = [][]int{{c.Len()}, {1, c.Len()}, {c.Len(), 1, 1}, {0}}[d.IntN(4)]
			if c.Len() == 0 {
				c.I64, c.F32 = nil, nil
			}
		}
		*d.Model.Initializers[d.IntN(len(d.Model.Initializers))].Tensor = c
	case 7:
		n.Inputs = slices.Clone(n.Inputs)
		if d.IntN(2) == 0 {
			n.Inputs = n.Inputs[:d.IntN(len(n.Inputs)+1)]
		} else if len(n.Inputs) > 0 {
			n.Inputs[d.IntN(len(n.Inputs))] = n.Inputs[d.IntN(len(n.Inputs))]
		}
	case 8, 9:
		if len(d.Model.Inputs) > 0 && d.IntN(2) == 0 {
			in := d.Model.Inputs[0]
			if slices.Max(append([]int{1}, in.Shape...)) > 100 {
				return
			}
			d.Model.Inputs = d.Model.Inputs[1:]
			d.Model.Initializers = append(d.Model.Initializers, onnxmodel.Initializer{Name: in.Name, Tensor: d.tensor(in.Shape...)})
		} else if len(d.Model.Inputs) > 0 {
			d.Model.Inputs[d.IntN(len(d.Model.Inputs))].Type = onnx.DataType(d.IntN(17))
		}
	}
}
