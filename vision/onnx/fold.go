package onnx

import "slices"

// fold puts a constant factor or summand for each channel into the weights of
// the node before it, and tells whether it did.
func (o *optimiser) fold(n *Node) bool {
	a, b := n.Inputs[0], n.Inputs[1]
	x, k := a, b
	if a.Const != nil {
		x, k = b, a
	}
	before := x.Producer
	if k.Const == nil || before == nil || o.outputs[x] || len(o.users[x]) != 1 || !same(x.Shape, n.Outputs[0].Shape) ||
		k == a && n.Op == "Div" || a == b || x.Type != Float {
		return false
	}
	weights, bias, group, ok := before.affine()
	if !ok {
		return false
	}
	channels := x.Shape[1]
	list, ok := perChannel(k.Const, x.Shape)
	if !ok {
		return false
	}
	factor, summand := make([]float32, channels), make([]float32, channels)
	for i, v := range list {
		factor[i] = 1
		switch n.Op {
		case "Add":
			summand[i] = v
		case "Sub":
			summand[i] = -v
			if k == a {
				factor[i], summand[i] = -1, v
			}
		case "Mul":
			factor[i] = v
		case "Div":
			factor[i] = 1 / v
		}
	}
	sum := &Tensor{Type: Float, Shape: []int{channels}, F32: make([]float32, channels)}
	for i := range sum.F32 {
		if bias != nil {
			sum.F32[i] = bias[i] * factor[i]
		}
		sum.F32[i] += summand[i]
	}
	inputs := slices.Clone(before.Inputs[:2])
	if n.Op == "Mul" || n.Op == "Div" || k == a {
		inputs[1] = &Value{Name: inputs[1].Name + "/scaled"}
		inputs[1].hold(before.scale(weights, factor, group))
	}
	v := &Value{Name: n.Outputs[0].Name + "/bias"}
	v.hold(sum)
	before.Inputs = append(inputs, v)
	before.Outputs[0] = n.Outputs[0]
	n.Outputs[0].Producer = before
	o.changed = true
	return true
}

// affine gives the constant weights and bias of a node, if it has them and
// nothing else; ok is false for other nodes.
func (n *Node) affine() (weights *Tensor, bias []float32, group int, ok bool) {
	switch n.Op {
	case "Conv", "ConvTranspose":
	case "Gemm":
		if n.Float("alpha", 1) != 1 || n.Float("beta", 1) != 1 {
			return nil, nil, 0, false
		}
	default:
		return nil, nil, 0, false
	}
	w := n.Inputs[1].Const
	if w == nil {
		return nil, nil, 0, false
	}
	if b := n.Input(2); b != nil {
		if b.Const == nil {
			return nil, nil, 0, false
		}
		shape := n.Outputs[0].Shape
		if n.Op != "Gemm" {
			return w, b.Const.F32, n.Int("group", 1), true
		}
		if bias, ok = perChannel(b.Const, shape); !ok {
			return nil, nil, 0, false
		}
	}
	return w, bias, n.Int("group", 1), true
}

// perChannel spreads a constant over the second side of a shape, if it is the
// same along all others.
func perChannel(t *Tensor, shape []int) ([]float32, bool) {
	channels := shape[1]
	if t.Len() != 1 {
		at := 1 - (len(shape) - len(t.Shape)) // of the second side in t
		if t.Len() != channels || at < 0 || t.Shape[at] != channels {
			return nil, false
		}
		return t.F32, true
	}
	list := make([]float32, channels)
	for i := range list {
		list[i] = t.F32[0]
	}
	return list, true
}

// scale multiplies the weights of each output channel.
func (n *Node) scale(w *Tensor, factor []float32, group int) *Tensor {
	out := newTensor(w.Type, w.Shape)
	inner := count(w.Shape[2:])
	for i, v := range w.F32 {
		first, second := i/inner/w.Shape[1], i/inner%w.Shape[1]
		channel := first // Conv, and Gemm with transB
		switch {
		case n.Op == "ConvTranspose":
			channel = first/(w.Shape[0]/group)*w.Shape[1] + second
		case n.Op == "Gemm" && n.Int("transB", 0) == 0:
			channel = second
		}
		out.F32[i] = v * factor[channel]
	}
	return out
}
