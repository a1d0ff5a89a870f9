package engine

import "sightline/shaders"

// copied puts a value into a storage of its own, plainly laid out.
func (c *compiler) copied(v value, label string) value {
	target := fresh(v.shape)
	c.copyInto(v, target, 0, label)
	return target
}

// copyInto copies a value into rows of a plain target that has the same shape but on one axis, where the
// value begins at index begin. axis is that of the target; for a whole copy both have the same shape.
func (c *compiler) copyInto(v, target value, begin int, label string, axes ...int) {
	if count(v.shape) == 0 {
		return
	}
	rank := len(target.shape)
	width, wide := 1, 1
	if rank > 0 {
		width, wide = v.shape[rank-1], target.shape[rank-1]
	}
	p := shaders.CopyParams{Width: uint32(width), Pitch: uint32(pitch(wide) / 4), Rows: 1, Table: shaders.None}
	rows := count(v.shape) / width
	p.Rows = uint32(rows)
	p.Group = 0
	first := 0 // quads
	if len(axes) == 1 {
		axis := axes[0]
		if axis == rank-1 {
			first, p.Begin, p.Keep = begin/4, uint32(begin%4), true
		} else {
			inner := count(v.shape[axis+1 : rank-1])
			p.Rows = uint32(v.shape[axis] * inner)
			p.Group = uint32(target.shape[axis] * inner * pitch(wide) / 4)
			first = begin * inner * pitch(wide) / 4
		}
	}
	p.Row = uint32((int(p.Begin) + width + 3) / 4)
	p.Items = uint32(rows) * p.Row
	store := target.planes[0].store
	reads := v.stores()
	if p.Keep {
		reads = append(reads, store)
	}
	v = v.compact()
	v.inner = merged(v.inner)
	if len(v.inner) > 6 {
		// A nest this deep is of no network that is known; planes take the outer loops.
		outer := v.inner[:len(v.inner)-6]
		for i := range outer {
			v.enumerate(outer[i : i+1])
		}
		v.inner = v.inner[len(outer):]
	}
	for i := range p.Size {
		p.Size[i] = 1
	}
	for i, f := range v.inner {
		at := i + 6 - len(v.inner)
		p.Size[at], p.Stride[at] = uint32(f.size), uint32(f.stride)
	}
	p.Inner = uint32(elements(v.inner))
	p.Constant = v.planes[0].store.constant
	table := -1
	if len(v.planes) > 1 || v.half() {
		if v.half() {
			for _, q := range v.planes {
				if q.half > 0 {
					p.HalfWidth, p.HalfPitch = uint32(q.half), uint32(pitch(q.half/2))
				}
			}
		}
		p.Constant = false
		table = c.constants.words(make([]uint32, len(v.planes)))
		p.Table = uint32(table)
	}
	c.add(&step{kernel: "nn_copy", label: label, items: int(p.Items), reads: reads, writes: []*storage{store}, params: func() []byte {
		q := p
		q.Target = uint32(store.at + first)
		q.Source = uint32(4*v.planes[0].store.at + v.planes[0].offset)
		if table >= 0 {
			words := make([]uint32, len(v.planes))
			for i, p := range v.planes {
				words[i] = uint32(4*p.store.at + p.offset)
				if p.half > 0 {
					words[i] |= shaders.HalfChannel
				}
			}
			copy(c.constants.bytes[4*table:], shaders.AppendWords(nil, words))
		}
		return q.Append(nil)
	}})
}
