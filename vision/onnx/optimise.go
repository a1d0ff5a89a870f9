package onnx

import "slices"

// prune drops the nodes on which no output depends.
func (g *Graph) prune() {
	needed := make(map[*Node]bool)
	var stack []*Value
	stack = append(stack, g.Outputs...)
	for len(stack) > 0 {
		v := stack[len(stack)-1]
		stack = stack[:len(stack)-1]
		if v == nil || v.Producer == nil || needed[v.Producer] {
			continue
		}
		needed[v.Producer] = true
		stack = append(stack, v.Producer.Inputs...)
	}
	g.Nodes = slices.DeleteFunc(g.Nodes, func(n *Node) bool { return !needed[n] })
}

// optimiser rewrites a graph whose shapes are known.
type optimiser struct {
	g       *Graph
	users   map[*Value][]*Node
	outputs map[*Value]bool
	alias   map[*Value]*Value
	changed bool
}

// Optimise drops what does nothing or is not needed, joins chains of reshapes
// and transposes, puts padding into the windows that follow, and folds
// constant factors and summands into the weights before them. The model must
// have been through [Model.Infer].
func (m *Model) Optimise(Options) error {
	o := &optimiser{g: m.Graph, outputs: make(map[*Value]bool)}
	for _, v := range m.Graph.Outputs {
		o.outputs[v] = true
	}
	// Each round that changes something has one node less, or joins two; the
	// bound is for what nobody thought of.
	for range 2*len(m.Graph.Nodes) + 1 {
		o.changed = false
		o.round()
		if !o.changed {
			break
		}
	}
	for _, n := range m.Graph.Nodes {
		for len(n.Outputs) > 0 && n.Outputs[len(n.Outputs)-1] == nil {
			n.Outputs = n.Outputs[:len(n.Outputs)-1]
		}
	}
	return nil
}

func (o *optimiser) round() {
	o.g.prune()
	o.users = o.g.Consumers()
	o.alias = make(map[*Value]*Value)
	dropped := make(map[*Node]bool)
	for _, n := range o.g.Nodes {
		for i, v := range n.Inputs {
			if to := o.alias[v]; v != nil && to != nil {
				n.Inputs[i] = to
			}
		}
		x := n.Inputs[0]
		var before *Node
		if x != nil {
			before = x.Producer
		}
		switch n.Op {
		case "Identity":
			dropped[n] = o.identity(n)
		case "Reshape":
			if before != nil && before.Op == "Reshape" {
				n.Inputs[0], o.changed = before.Inputs[0], true
			}
			if same(n.Inputs[0].Shape, n.Outputs[0].Shape) {
				n.become("Identity", n.Inputs[:1])
				o.changed = true
			}
		case "Transpose":
			if before != nil && before.Op == "Transpose" {
				o.join(n, before)
			}
		case "Conv", "AveragePool":
			if before != nil && before.Op == "Pad" {
				o.pad(n, before)
			}
		case "Add", "Sub", "Mul", "Div":
			dropped[n] = o.fold(n)
		}
	}
	o.g.Nodes = slices.DeleteFunc(o.g.Nodes, func(n *Node) bool { return dropped[n] })
}

// identity drops a node that gives its input, and tells whether it did.
func (o *optimiser) identity(n *Node) bool {
	in, out := n.Inputs[0], n.Outputs[0]
	if !o.outputs[out] {
		o.alias[out], o.changed = in, true
		return true
	}
	// The name of a graph's output stays; the input takes it, if it has none to
	// keep itself.
	if in.Producer == nil || o.outputs[in] {
		return false
	}
	for _, user := range o.users[in] {
		for i, v := range user.Inputs {
			if v == in {
				user.Inputs[i] = out
			}
		}
	}
	p := in.Producer
	p.Outputs[slices.Index(p.Outputs, in)] = out
	out.Producer = p
	o.changed = true
	return true
}

// join makes one transpose of two.
func (o *optimiser) join(n, before *Node) {
	first, second := before.Ints("perm", nil), n.Ints("perm", nil)
	perm := make([]int, len(second))
	same := true
	for i, p := range second {
		perm[i] = first[p]
		same = same && perm[i] == i
	}
	o.changed = true
	n.become("Transpose", before.Inputs, intsAttribute("perm", perm))
	if same {
		n.become("Identity", before.Inputs)
	}
}

// pad moves zeros around a picture into the window that reads it.
func (o *optimiser) pad(n, before *Node) {
	pads := before.Ints("pads", nil)
	if len(pads) != 8 || pads[0]+pads[1]+pads[4]+pads[5] != 0 || before.Float("value", 0) != 0 {
		return
	}
	own := n.Ints("pads", nil)
	sum := []int{own[0] + pads[2], own[1] + pads[3], own[2] + pads[6], own[3] + pads[7]}
	if n.Op == "AveragePool" {
		// The zeros count.
		if !same(own, []int{0, 0, 0, 0}) && n.Int("count_include_pad", 0) == 0 {
			return
		}
		kernel, dilations := n.Ints("kernel_shape", nil), n.Ints("dilations", nil)
		strides := n.Ints("strides", nil)
		for i, p := range sum {
			k := i % 2
			extent := (kernel[k]-1)*dilations[k] + 1
			side, last := n.Inputs[0].Shape[2+k]+own[k]+own[2+k], (n.Outputs[0].Shape[2+k]-1)*strides[k]+extent
			if p >= extent || last > side {
				return // a window of nothing but border, or one that reaches beyond
			}
		}
		n.set(intAttribute("count_include_pad", 1))
	}
	n.Inputs = slices.Clone(n.Inputs)
	n.Inputs[0] = before.Inputs[0]
	n.set(intsAttribute("pads", sum))
	o.changed = true
}
