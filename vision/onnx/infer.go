package onnx

import "strings"

// operator is what is known of one operator of the standard.
type operator struct {
	name        string
	rule        rule
	least, most int8 // inputs; most is -1 for any number
	outputs     int8 // -1 for any number
	// atLoad marks what is computed at load alone.
	atLoad bool
	// attributes are names, each after its kind: i, f, s, t for one integer,
	// number, text or tensor, I and F for lists.
	attributes string
}

// lookup finds an operator, nil where it is not known.
func lookup(name string) *operator {
	for i := range operators {
		if operators[i].name == name {
			return &operators[i]
		}
	}
	return nil
}

// inference is one pass over a graph in topological order.
type inference struct {
	limits  parser // counts the memory of constants
	opset   int
	folded  int   // work done
	made    int   // nodes that the file does not have
	err     error // the first one of emit
	outputs map[*Value]bool
	// alias replaces outputs of nodes that do nothing.
	alias map[*Value]*Value
	nodes []*Node
}

// Infer gives every value its type and shape, brings each node into the form
// that [Load] describes and computes what is constant.
func (m *Model) Infer(o Options) error {
	c := &inference{
		limits:  parser{limits: o.withDefaults()},
		opset:   m.Opset,
		outputs: make(map[*Value]bool),
		alias:   make(map[*Value]*Value),
	}
	for _, v := range m.Graph.Outputs {
		c.outputs[v] = true
	}
	m.Graph.prune()
	for _, n := range m.Graph.Nodes {
		for i, v := range n.Inputs {
			if to := c.alias[v]; v != nil && to != nil {
				n.Inputs[i] = to
			}
		}
		op, err := c.check(n)
		if err != nil {
			return err
		}
		err = c.infer(n, op.rule)
		if c.err != nil {
			err = c.err // it came first
		}
		if err != nil {
			return err
		}
		if err := c.add(n); err != nil {
			return err
		}
	}
	m.Graph.Nodes = c.nodes
	return nil
}

// check finds a node's operator and holds its inputs, outputs and attributes
// against it.
func (c *inference) check(n *Node) (*operator, error) {
	if n.Domain != "" {
		return nil, &UnsupportedError{Op: n.Domain + "." + n.Op, Node: n.Name, Reason: "operators of this domain are not supported"}
	}
	op := lookup(n.Op)
	if op == nil {
		return nil, &UnsupportedError{Op: n.Op, Node: n.Name, Reason: "the operator is not supported"}
	}
	if len(n.Inputs) < int(op.least) || op.most >= 0 && len(n.Inputs) > int(op.most) {
		return nil, n.wrong("it has % inputs", []int{len(n.Inputs)})
	}
	for i := range int(op.least) {
		if n.Inputs[i] == nil {
			return nil, n.wrong("its input % is left out", []int{i})
		}
	}
	if op.outputs >= 0 && len(n.Outputs) > int(op.outputs) {
		return nil, n.wrong("it has % outputs", []int{len(n.Outputs)})
	}
	for i := range n.Attributes {
		a := &n.Attributes[i]
		kind, known := attributeKind(op.attributes, a.Name)
		if !known {
			return nil, n.unsupported(a.Name, "the attribute is not supported")
		}
		if a.Kind != kind {
			return nil, n.wrong("its attribute "+quote(a.Name)+" is of type %, want %", []int{int(a.Kind)}, []int{int(kind)})
		}
	}
	return op, nil
}

// attributeKind finds a name in a list as in operator.attributes.
func attributeKind(list, name string) (AttributeKind, bool) {
	for len(list) > 0 {
		word, rest, _ := strings.Cut(list, " ")
		list = rest
		if word[2:] != name {
			continue
		}
		switch word[0] {
		case 'i':
			return KindInt, true
		case 'f':
			return KindFloat, true
		case 's':
			return KindString, true
		case 't':
			return KindTensor, true
		case 'I':
			return KindInts, true
		case 'F':
			return KindFloats, true
		}
	}
	return 0, false
}

// wrong is the error of a node that no version of the standard allows. In the
// text % stands for a number, # for a list, @ for a shape and $ for a type: the
// lists that follow, one for each, since calls cost most of what this package
// adds to a client.
//
//go:noinline
func (n *Node) wrong(text string, lists ...[]int) error {
	var b strings.Builder
	for i := range len(text) {
		var l []int
		if strings.IndexByte("%#@$", text[i]) >= 0 {
			l, lists = lists[0], lists[1:]
		}
		switch text[i] {
		case '%':
			b.WriteString(itoa(l[0]))
		case '#':
			b.WriteString(listText(l))
		case '@':
			b.WriteString(shapeText(l))
		case '$':
			b.WriteString(DataType(l[0]).String())
		default:
			b.WriteByte(text[i])
		}
	}
	return n.because(b.String())
}

// because is the error of a node for a reason in words.
//
//go:noinline
func (n *Node) because(reason string) error {
	return fail("onnx: ", n.Op, " ", quote(n.Name), ": ", reason)
}

// fail is the error of a node for another one.
//
//go:noinline
func (n *Node) fail(err error) error { return n.because(err.Error()) }

//go:noinline
func (n *Node) unsupported(attribute, reason string) error {
	return &UnsupportedError{Op: n.Op, Node: n.Name, Attribute: attribute, Reason: reason}
}

// out gives a node's i-th output its type and shape; an output that is left out
// needs none.
func (c *inference) out(n *Node, i int, t DataType, shape []int) error {
	if i >= len(n.Outputs) || n.Outputs[i] == nil {
		return nil
	}
	if _, err := sized(shape, c.limits.limits.MaxElements); err != nil {
		return n.fail(err)
	}
	n.Outputs[i].Type, n.Outputs[i].Shape = t, shape
	return nil
}

// add puts a node in its final form behind the others, unless it can be
// computed now.
func (c *inference) add(n *Node) error {
	if n.Outputs[0].Const != nil {
		return nil
	}
	if n.Op == "Identity" {
		if in := n.Inputs[0]; in.Const != nil {
			n.Outputs[0].hold(in.Const)
			return nil
		} else if !c.outputs[n.Outputs[0]] {
			c.alias[n.Outputs[0]] = in
			return nil
		}
	}
	dynamic := -1
	tensors := make([]*Tensor, len(n.Inputs))
	for i, v := range n.Inputs {
		if v == nil {
			continue
		}
		if tensors[i] = v.Const; v.Const == nil && dynamic < 0 {
			dynamic = i
		}
	}
	if dynamic >= 0 {
		if lookup(n.Op).atLoad {
			return n.unsupported("", "the operator is computed at load alone, but its input "+itoa(dynamic)+" "+
				quote(n.Inputs[dynamic].Name)+" is not known then")
		}
		c.nodes = append(c.nodes, n)
		return nil
	}
	if !Evaluates(n.Op) {
		c.nodes = append(c.nodes, n)
		return nil
	}
	work := cost(n)
	if work < 0 || work > c.limits.limits.MaxFold-c.folded {
		return n.wrong("computing its constant takes too long")
	}
	c.folded += work
	for _, v := range n.Outputs {
		if v == nil {
			continue
		}
		if err := c.limits.spend(v.Type, v.Len()); err != nil {
			return n.fail(err)
		}
	}
	results, err := Evaluate(n, tensors)
	if err != nil {
		return err
	}
	for i, v := range n.Outputs {
		if v != nil {
			v.hold(results[i])
		}
	}
	return nil
}

// emit adds a node that the file does not have, in its final form, and gives
// its output. An error ends the pass after the node that it is for; until then
// the output has the sides that were asked for.
func (c *inference) emit(of *Node, op string, inputs []*Value, shape []int, attributes ...*Attribute) *Value {
	c.made++
	name := "/" + op + itoa(c.made)
	n := &Node{Name: of.Name + name}
	n.become(op, inputs, attributes...)
	v := &Value{Name: of.Outputs[0].Name + name, Producer: n}
	n.Outputs = []*Value{v}
	err := c.out(n, 0, inputs[0].Type, shape)
	if err != nil {
		v.Type, v.Shape = inputs[0].Type, make([]int, len(shape))
	}
	if err == nil && c.err == nil {
		err = c.add(n)
	}
	if c.err == nil {
		c.err = err
	}
	return v
}

// one emits a node of one input.
//
//go:noinline
func (c *inference) one(of *Node, op string, x *Value, shape []int, attributes ...*Attribute) *Value {
	return c.emit(of, op, []*Value{x}, shape, attributes...)
}

// two emits a node of two inputs.
//
//go:noinline
func (c *inference) two(of *Node, op string, a, b *Value, shape []int, attributes ...*Attribute) *Value {
	return c.emit(of, op, []*Value{a, b}, shape, attributes...)
}

// become turns a node into another one.
//
//go:noinline
func (n *Node) become(op string, inputs []*Value, attributes ...*Attribute) {
	n.Op, n.Inputs, n.Attributes = op, inputs, nil
	for _, a := range attributes {
		n.Attributes = append(n.Attributes, *a)
	}
}

// constant is a value that the file does not have.
//
//go:noinline
func constant(of *Node, what string, t *Tensor) *Value {
	v := &Value{Name: of.Outputs[0].Name + "/" + what}
	v.hold(t)
	return v
}

//go:noinline
func floats(shape []int, data ...float32) *Tensor {
	return &Tensor{Type: Float, Shape: shape, F32: data}
}

// The attributes that nodes are given. They are pointers, and not inlined,
// because of the size of what is compiled.

//go:noinline
func intsAttribute(name string, list []int) *Attribute {
	return &Attribute{Name: name, Kind: KindInts, Ints: list}
}

//go:noinline
func intAttribute(name string, v int) *Attribute {
	return &Attribute{Name: name, Kind: KindInt, Int: v}
}

//go:noinline
func floatAttribute(name string, v float32) *Attribute {
	return &Attribute{Name: name, Kind: KindFloat, Float: v}
}

//go:noinline
func floatsAttribute(name string, list []float32) *Attribute {
	return &Attribute{Name: name, Kind: KindFloats, Floats: list}
}

//go:noinline
func textAttribute(name, text string) *Attribute {
	return &Attribute{Name: name, Kind: KindString, String: text}
}

// set puts an attribute in the place of the one of its name.
//
//go:noinline
func (n *Node) set(a *Attribute) { n.Set(*a) }

// clone copies a list; what it gives is never nil.
//
//go:noinline
func clone(list []int) []int { return append(make([]int, 0, len(list)+2), list...) }

// known is the constant of a node's i-th input, nil where it is left out. An
// input that is no constant is refused.
func (n *Node) known(i int, name string) (*Tensor, error) {
	v := n.Input(i)
	if v == nil {
		return nil, nil
	}
	if v.Const == nil {
		return nil, n.unsupported("input "+itoa(i)+" ("+name+")", "it depends on the model's input "+
			"or on what is computed from it; only a constant is supported")
	}
	return v.Const, nil
}

// list is an attribute of integers or, where there is none, the constant of the
// i-th input. The second result tells whether there is either.
func (n *Node) list(name string, i int) ([]int, bool, error) {
	if a := n.Attribute(name); a != nil {
		return a.Ints, true, nil
	}
	t, err := n.known(i, name)
	if t == nil || err != nil {
		return nil, false, err
	}
	if t.I64 == nil || len(t.Shape) > 1 {
		return nil, false, n.wrong("its input % ("+name+") is $ @, want a list of integers", []int{i}, []int{int(t.Type)}, t.Shape)
	}
	list := make([]int, len(t.I64))
	for k, v := range t.I64 {
		list[k] = clampInt(v)
	}
	return list, true, nil
}

// scalar is the constant of the i-th input as a number. The second result tells
// whether there is one.
func (n *Node) scalar(i int, name string) (float32, bool, error) {
	t, err := n.known(i, name)
	if t == nil || err != nil {
		return 0, false, err
	}
	switch {
	case len(t.F32) == 1:
		return t.F32[0], true, nil
	case len(t.I64) == 1:
		return float32(t.I64[0]), true, nil
	}
	return 0, false, n.wrong("its input % ("+name+") has shape @, want one number", []int{i}, t.Shape)
}

// axis checks an axis and makes it non-negative.
func (n *Node) axis(axis, rank int) (int, error) {
	if axis < -rank || axis >= rank {
		return 0, n.wrong("axis % is out of range for % sides", []int{axis}, []int{rank})
	}
	if axis < 0 {
		axis += rank
	}
	return axis, nil
}

// axes checks a list of axes, without doubles, and makes them non-negative; the
// order stays.
func (n *Node) axes(list []int, rank int) ([]int, error) {
	out := make([]int, len(list))
	for i, a := range list {
		var err error
		if out[i], err = n.axis(a, rank); err != nil {
			return nil, err
		}
		if has(out[:i], out[i]) {
			return nil, n.wrong("axis % is there twice", []int{a})
		}
	}
	return out, nil
}

// broadcast is the shape of two operands together.
func broadcast(a, b []int) ([]int, bool) {
	if len(a) < len(b) {
		a, b = b, a
	}
	out := clone(a)
	for i, s := range b {
		k := len(a) - len(b) + i
		switch {
		case out[k] == s || s == 1:
		case out[k] == 1:
			out[k] = s
		default:
			return nil, false
		}
	}
	return out, true
}
