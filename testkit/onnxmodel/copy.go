package onnxmodel

import "sightline/vision/onnx"

// Copy is a parsed file, to be changed and written again. What was an
// initializer stays one; shapes of outputs are left open.
func Copy(m *onnx.Model) Model {
	out := Model{Opset: m.Opset}
	for _, v := range m.Graph.Inputs {
		out.Inputs = append(out.Inputs, Value{Name: v.Name, Type: v.Type, Shape: v.Shape})
	}
	for _, v := range m.Graph.Outputs {
		out.Outputs = append(out.Outputs, Value{Name: v.Name, Type: v.Type, NoShape: true})
	}
	seen := make(map[*onnx.Value]bool)
	for _, n := range m.Graph.Nodes {
		c := Node{Op: n.Op, Name: n.Name, Domain: n.Domain}
		for _, v := range n.Inputs {
			name := ""
			if v != nil {
				name = v.Name
			}
			c.Inputs = append(c.Inputs, name)
			if v != nil && v.Const != nil && !seen[v] {
				seen[v] = true
				out.Initializers = append(out.Initializers, Initializer{Name: v.Name, Tensor: v.Const})
			}
		}
		for _, v := range n.Outputs {
			name := ""
			if v != nil {
				name = v.Name
			}
			c.Outputs = append(c.Outputs, name)
		}
		for _, a := range n.Attributes {
			var value any
			switch a.Kind {
			case onnx.KindFloat:
				value = a.Float
			case onnx.KindInt:
				value = a.Int
			case onnx.KindString:
				value = a.String
			case onnx.KindTensor:
				value = a.Tensor
			case onnx.KindFloats:
				value = a.Floats
			case onnx.KindInts:
				value = a.Ints
			}
			c.Attributes = append(c.Attributes, Attribute{a.Name, value})
		}
		out.Nodes = append(out.Nodes, c)
	}
	return out
}

// Constant is the initializer of that name, nil where there is none.
func (m *Model) Constant(name string) *onnx.Tensor {
	for _, t := range m.Initializers {
		if t.Name == name {
			return t.Tensor
		}
	}
	return nil
}
