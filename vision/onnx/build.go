package onnx

func (o Options) withDefaults() Options {
	set := func(v *int, def int) {
		if *v <= 0 {
			*v = def
		}
	}
	set(&o.MaxNodes, 16384)
	set(&o.MaxConstBytes, 256<<20)
	set(&o.MaxElements, 1<<27)
	set(&o.MaxFold, 1<<28)
	return o
}

// build connects the nodes of a file by the names of their values.
func (p *parser) build(f *fileGraph) (*Graph, error) {
	g := &Graph{Name: f.name}
	values := make(map[string]*Value)
	add := func(name, what string) (*Value, error) {
		if values[name] != nil {
			return nil, fail("onnx: ", what, " ", quote(name), ": the name is already that of another value")
		}
		v := &Value{Name: name}
		values[name] = v
		return v, nil
	}
	for _, t := range f.initializers {
		v, err := add(t.name, "initializer")
		if err != nil {
			return nil, err
		}
		v.hold(t.tensor)
	}
	listed := make(map[string]bool)
	for _, in := range f.inputs {
		if listed[in.name] {
			return nil, fail("onnx: input ", quote(in.name), " is listed twice")
		}
		listed[in.name] = true
		if values[in.name] != nil {
			continue // an initializer is a constant
		}
		v, err := add(in.name, "input")
		if err != nil {
			return nil, err
		}
		if known := p.limits.Constants[in.name]; known != nil {
			if err := p.checkConstant(in, known); err != nil {
				return nil, err
			}
			v.hold(known)
			continue
		}
		if err := p.bind(v, in); err != nil {
			return nil, err
		}
		g.Inputs = append(g.Inputs, v)
	}
	for name := range p.limits.Inputs {
		if !listed[name] {
			return nil, fail("onnx: there is no input ", quote(name), " to give a shape")
		}
	}
	for i, fn := range f.nodes {
		n := fn.node
		for k, name := range fn.outputs {
			if name == "" {
				var v *Value
				if k == 0 { // each node has one
					v = &Value{Name: n.Name + "/0", Producer: n}
				}
				n.Outputs = append(n.Outputs, v)
				continue
			}
			v, err := add(name, "output of node "+quote(n.Name)+" ("+n.Op+")")
			if err != nil {
				return nil, err
			}
			v.Producer = n
			n.Outputs = append(n.Outputs, v)
		}
		if len(n.Outputs) == 0 {
			return nil, fail("onnx: node ", itoa(i), " ", quote(n.Name), " (", n.Op, ") has no outputs")
		}
		if n.Name == "" {
			n.Name = n.Outputs[0].Name
		}
	}
	for _, fn := range f.nodes {
		n := fn.node
		for i, name := range fn.inputs {
			v := values[name]
			if v == nil && name != "" {
				return nil, fail("onnx: ", n.Op, " ", quote(n.Name), ": its input ", itoa(i), " ", quote(name), " is made by nothing")
			}
			n.Inputs = append(n.Inputs, v)
		}
		for len(n.Inputs) > 0 && n.Inputs[len(n.Inputs)-1] == nil {
			n.Inputs = n.Inputs[:len(n.Inputs)-1]
		}
		g.Nodes = append(g.Nodes, n)
	}
	for _, out := range f.outputs {
		v := values[out.name]
		if v == nil {
			return nil, fail("onnx: output ", quote(out.name), " is made by nothing")
		}
		g.Outputs = append(g.Outputs, v)
	}
	if len(g.Outputs) == 0 {
		return nil, fail("onnx: the graph has no outputs")
	}
	return g, g.sort()
}

// hold makes the value a constant.
//
//go:noinline
func (v *Value) hold(t *Tensor) {
	v.Const, v.Type, v.Shape, v.Producer = t, t.Type, t.Shape, nil
}

// bind gives an input its static shape.
func (p *parser) bind(v *Value, in fileValue) error {
	where := "onnx: input " + quote(in.name)
	v.Type = in.kind
	if in.kind.width() == 0 {
		return fail(where, ": its elements are ", in.kind.String(), ", which is not supported")
	}
	given, ok := p.limits.Inputs[in.name]
	if !ok {
		if in.noShape && !p.limits.AnySide {
			return fail(where, " has no shape: say which it has")
		}
		given = append([]int(nil), in.dims...)
		for i, s := range given {
			if s >= 0 {
				continue
			}
			if i > 0 && !p.limits.AnySide {
				name := in.params[i]
				if name == "" {
					name = "?"
				}
				return fail(where, ": its side ", itoa(i), " (", name, ") is open: say how long it is")
			}
			given[i] = 1
		}
	} else if !in.noShape {
		if len(given) != len(in.dims) {
			return fail(where, ": shape ", shapeText(given), " was given, but the file says ", itoa(len(in.dims)), " sides")
		}
		for i, s := range in.dims {
			if s >= 0 && s != given[i] {
				return fail(where, ": shape ", shapeText(given), " was given, but in the file its side ", itoa(i), " is ", itoa(s))
			}
		}
	}
	if _, err := sized(given, p.limits.MaxElements); err != nil {
		return fail(where, ": ", err.Error())
	}
	v.Shape = given
	return nil
}

// checkConstant compares an input that is known in advance with the file.
func (p *parser) checkConstant(in fileValue, t *Tensor) error {
	where := "onnx: input " + quote(in.name)
	if t.Type != in.kind {
		return fail(where, ": a constant of ", t.Type.String(), " was given, but the file says ", in.kind.String())
	}
	if n, err := sized(t.Shape, p.limits.MaxElements); err != nil || n != len(t.F32)+len(t.I64) {
		return fail(where, ": a constant was given that does not fit its own shape")
	}
	return nil
}

// sort brings the nodes into topological order, keeping the file's order where
// it can.
func (g *Graph) sort() error {
	const (
		unseen = iota
		open
		done
	)
	state := make(map[*Node]int, len(g.Nodes))
	sorted := make([]*Node, 0, len(g.Nodes))
	// A frame is a node and the input to look at next: a stack of our own,
	// since a file decides how deep it gets.
	type frame struct {
		node *Node
		next int
	}
	var stack []frame
	for _, root := range g.Nodes {
		if state[root] == done {
			continue
		}
		stack = append(stack[:0], frame{node: root})
		state[root] = open
		for len(stack) > 0 {
			top := &stack[len(stack)-1]
			if top.next == len(top.node.Inputs) {
				state[top.node] = done
				sorted = append(sorted, top.node)
				stack = stack[:len(stack)-1]
				continue
			}
			v := top.node.Inputs[top.next]
			top.next++
			if v == nil || v.Producer == nil {
				continue
			}
			switch state[v.Producer] {
			case open:
				return fail("onnx: ", v.Producer.Op, " ", quote(v.Producer.Name), " depends on its own output: the graph has a cycle")
			case unseen:
				state[v.Producer] = open
				stack = append(stack, frame{node: v.Producer})
			}
		}
	}
	g.Nodes = sorted
	return nil
}
