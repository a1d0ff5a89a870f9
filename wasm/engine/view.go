package engine

import "sightline/shaders"

// size4 brings a shape to four dimensions, joining outer ones.
func size4(shape []int) ([4]int, []int) {
	s := [4]int{1, 1, 1, 1}
	if len(shape) <= 4 {
		copy(s[4-len(shape):], shape)
		return s, s[:]
	}
	n := len(shape)
	s = [4]int{count(shape[:n-3]), shape[n-3], shape[n-2], shape[n-1]}
	return s, s[:]
}

// lazyView is a view that is known once memory is planned.
type lazyView struct {
	planes []place
	view   shaders.TensorView
	// table is the index among the constants' words, or -1.
	table     int
	constants *constants
}

// get returns the view, and fills its table in.
func (l lazyView) get() shaders.TensorView {
	v := l.view
	if l.table < 0 {
		v.Offset = uint32(4*l.planes[0].store.at + l.planes[0].offset)
		return v
	}
	words := make([]uint32, len(l.planes))
	for i, p := range l.planes {
		words[i] = uint32(4*p.store.at + p.offset)
	}
	copy(l.constants.bytes[4*l.table:], shaders.AppendWords(nil, words))
	v.Table = uint32(l.table)
	return v
}

// view makes the view of a value by four dimensions; false where it takes a copy first.
func (c *compiler) view(v value, shape [4]int) (lazyView, bool) {
	none := lazyView{}
	if v.half() {
		return none, false
	}
	w, begins, dims, ok := v.compact().reshaped(shape[:]).groups()
	if !ok {
		return none, false
	}
	l := lazyView{table: -1, constants: &c.constants}
	l.view.Table = shaders.None
	if begins > 0 {
		if w, dims, ok = v.reshaped(shape[:]).outer(2); !ok || shape[0] != 1 {
			return none, false
		}
		for _, p := range w.planes {
			if p.store.constant {
				return none, false
			}
		}
		l.table = c.constants.words(make([]uint32, len(w.planes)))
	}
	l.planes = w.planes
	l.view.Constant = w.planes[0].store.constant
	for i, d := range dims {
		if len(d) > 1 {
			return none, false
		}
		if len(d) == 1 {
			l.view.Stride[i] = uint32(d[0].stride)
		}
	}
	if shape[3] == 1 {
		l.view.Stride[3] = 1
	}
	return l, true
}

// viewed makes the view of a value by four dimensions, of a copy if need be.
func (c *compiler) viewed(v value, shape [4]int, label string) (lazyView, value) {
	if l, ok := c.view(v, shape); ok {
		return l, v
	}
	v = c.copied(v.reshaped(shape[:]), label)
	l, _ := c.view(v, shape)
	return l, v
}

// operator adds a step of a kernel that is not a convolution. make is called once memory is planned.
func (c *compiler) operator(label string, target value, sources []value, make func() shaders.Operator) {
	s := &step{label: label, writes: target.stores(), operator: make}
	for _, v := range sources {
		s.reads = append(s.reads, v.stores()...)
	}
	c.add(s)
}

// target is a fresh value with its view by four dimensions.
func (c *compiler) target(shape []int, by [4]int) (value, lazyView) {
	v := fresh(shape)
	l, ok := c.view(v, by)
	if !ok {
		panic("engine: a fresh tensor has no view")
	}
	return v, l
}

func sizeOf(s [4]int) shaders.Size {
	return shaders.Size{uint32(s[0]), uint32(s[1]), uint32(s[2]), uint32(s[3])}
}
