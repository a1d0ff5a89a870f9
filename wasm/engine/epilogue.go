package engine

import (
	"math"
	"slices"

	"sightline/shaders"
	"sightline/vision/onnx"
)

// epilogue is what a kernel does with its sums: an activation, a sum with another tensor, and another
// activation.
type epilogue struct {
	before, after shaders.Activation
	residual      *value
	// result is the output of the last node that was fused.
	result *onnx.Value
	label  string
}

// epilogue fuses the nodes behind n that its kernel can do on the way, and marks them as done.
func (c *compiler) epilogue(n *onnx.Node) (epilogue, error) {
	e := epilogue{result: n.Outputs[0], label: n.Name}
	var err error
	e.before, e.result, err = c.activation(e.result)
	if err != nil {
		return e, err
	}
	add, ok := c.only(e.result)
	if !ok || add.Op != "Add" || !slices.Equal(add.Inputs[0].Shape, add.Inputs[1].Shape) || add.Inputs[0] == add.Inputs[1] {
		return e, nil
	}
	other := add.Inputs[0]
	if other == e.result {
		other = add.Inputs[1]
	}
	v, known := c.values[other]
	if !known || other.Const != nil {
		return e, nil
	}
	c.done[add] = true
	e.residual = &v
	e.label += "+" + add.Name
	e.after, e.result, err = c.activation(add.Outputs[0])
	return e, err
}

// only is the one node that reads a value that nobody else wants.
func (c *compiler) only(v *onnx.Value) (*onnx.Node, bool) {
	users := c.consumers[v]
	if len(users) != 1 || c.outputs[v] || c.done[users[0]] {
		return nil, false
	}
	return users[0], true
}

// activation fuses the activation that follows a value.
func (c *compiler) activation(v *onnx.Value) (shaders.Activation, *onnx.Value, error) {
	// SiLU and HardSwish as written: x * sigmoid(x), x * hardsigmoid(x).
	if users := c.consumers[v]; len(users) == 2 && !c.outputs[v] {
		gate, mul := users[0], users[1]
		if gate.Op == "Mul" {
			gate, mul = mul, gate
		}
		if mul.Op == "Mul" && !c.done[gate] && !c.done[mul] && !c.outputs[gate.Outputs[0]] && len(c.consumers[gate.Outputs[0]]) == 1 &&
			slices.Contains(mul.Inputs, v) && slices.Contains(mul.Inputs, gate.Outputs[0]) {
			a, ok := activationOf(gate)
			switch {
			case ok && a.Kind == shaders.Sigmoid:
				a.Kind = shaders.SiLU
			case ok && a.Kind == shaders.HardSigmoid && near(a.A, 1.0/6) && near(a.B, 0.5):
				a = shaders.Activation{Kind: shaders.HardSwish}
			default:
				return shaders.Activation{}, v, nil
			}
			c.done[gate], c.done[mul] = true, true
			return a, mul.Outputs[0], nil
		}
	}
	n, ok := c.only(v)
	if !ok || n.Inputs[0] != v {
		return shaders.Activation{}, v, nil
	}
	a, ok := activationOf(n)
	if !ok {
		return a, v, nil
	}
	c.done[n] = true
	return a, n.Outputs[0], nil
}

func near(a, b float32) bool { return math.Abs(float64(a-b)) < 1e-6 }

// activationOf is the activation that a node is.
func activationOf(n *onnx.Node) (shaders.Activation, bool) {
	switch n.Op {
	case "Relu":
		return shaders.Activation{Kind: shaders.Relu}, true
	case "LeakyRelu":
		return shaders.Activation{Kind: shaders.LeakyRelu, A: n.Float("alpha", 0.01)}, true
	case "Clip":
		const most = math.MaxFloat32
		return shaders.Activation{Kind: shaders.Clip,
			A: max(-most, n.Float("min", -most)), B: min(most, n.Float("max", most))}, true
	case "Sigmoid":
		return shaders.Activation{Kind: shaders.Sigmoid}, true
	case "HardSigmoid":
		return shaders.Activation{Kind: shaders.HardSigmoid, A: n.Float("alpha", 0.2), B: n.Float("beta", 0.5)}, true
	case "HardSwish":
		return shaders.Activation{Kind: shaders.HardSwish}, true
	case "Tanh":
		return shaders.Activation{Kind: shaders.Tanh}, true
	}
	return shaders.Activation{}, false
}
