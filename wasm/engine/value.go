package engine

import "slices"

// storage is a piece of the arena that one step writes (or several, each its own part).
type storage struct {
	// quads is the size in quads of four elements.
	quads int
	// born and dies are the first and the last step that use it; pinned storage outlives all.
	born, dies int
	pinned     bool
	// at is the first quad, known when memory is planned.
	at int
	// constant says that the storage is of the constants: at is known from the start.
	constant bool
}

// place is the first element of a plane.
type place struct {
	store  *storage
	offset int
	// half is 0, or the width of an image that the plane has half the width and height of: its pixels
	// are repeated over two columns and rows. The inner factors are those of the large image.
	half int
}

// factor is one level of a nest of loops over elements: how many, and how far apart.
type factor struct{ size, stride int }

// value is where a tensor's elements are. In row-major order of its shape they are those of the first
// plane, then of the second, ...; those of a plane are in the order of the nested loops inner. A
// reshape changes the shape alone; concatenating, splitting and shuffling only reorder planes.
type value struct {
	shape  []int
	planes []place
	inner  []factor
}

func count(shape []int) int {
	n := 1
	for _, s := range shape {
		n *= s
	}
	return n
}

func elements(factors []factor) int {
	n := 1
	for _, f := range factors {
		n *= f.size
	}
	return n
}

// pitch is the distance of rows of a length.
func pitch(width int) int { return (width + 3) &^ 3 }

// fresh is a value in a new storage of its own, rows padded to whole quads.
func fresh(shape []int) value {
	width := 1
	if len(shape) > 0 {
		width = shape[len(shape)-1]
	}
	v := value{shape: shape, inner: []factor{{width, 1}}}
	stride := pitch(width)
	for i := len(shape) - 2; i >= 0; i-- {
		v.inner = append(v.inner, factor{shape[i], stride})
		stride *= shape[i]
	}
	slices.Reverse(v.inner)
	v.planes = []place{{store: &storage{quads: stride / 4}}}
	return v
}

// reshaped is the value in another shape of as many elements.
func (v value) reshaped(shape []int) value {
	v.shape = shape
	return v
}

// groups brings the inner factors and the planes in line with the value's dimensions: dims[i] are the
// factors of dimension i, outermost first. Dimensions before outer are of the planes, which then are as
// many as the product of their sizes. It fails where a dimension begins in the midst of a factor that it
// does not divide.
func (v value) groups() (w value, outer int, dims [][]factor, ok bool) {
	w = v
	w.planes = slices.Clone(v.planes)
	rest := slices.Clone(v.inner)
	dims = make([][]factor, len(v.shape))
	for i := len(v.shape) - 1; i >= 0; i-- {
		left := v.shape[i]
		for left > 1 {
			for len(rest) > 0 && rest[len(rest)-1].size == 1 {
				rest = rest[:len(rest)-1]
			}
			if len(rest) == 0 {
				// The dimension is of planes, at least in part.
				if len(dims[i]) > 0 {
					w.enumerate(dims[i])
					dims[i] = nil
				}
				w.inner = nil
				for _, d := range dims[i+1:] {
					w.inner = append(w.inner, d...)
				}
				return w, i + 1, dims, true
			}
			f := &rest[len(rest)-1]
			switch {
			case left%f.size == 0:
				dims[i] = append(dims[i], *f)
				left /= f.size
				rest = rest[:len(rest)-1]
			case f.size%left == 0:
				dims[i] = append(dims[i], factor{left, f.stride})
				f.size, f.stride, left = f.size/left, f.stride*left, 1
			default:
				return v, 0, nil, false
			}
		}
		slices.Reverse(dims[i])
		dims[i] = merged(dims[i])
	}
	if elements(rest) != 1 {
		return v, 0, nil, false
	}
	w.inner = nil
	for _, d := range dims {
		w.inner = append(w.inner, d...)
	}
	return w, 0, dims, true
}

// enumerate turns the outermost factors, given innermost first, into planes of their own.
func (v *value) enumerate(factors []factor) {
	for i := len(factors) - 1; i >= 0; i-- {
		f := factors[i]
		planes := make([]place, 0, len(v.planes)*f.size)
		for _, p := range v.planes {
			for k := range f.size {
				planes = append(planes, place{p.store, p.offset + k*f.stride, p.half})
			}
		}
		v.planes = planes
	}
}

// merged joins neighbouring factors that are one.
func merged(factors []factor) []factor {
	var out []factor
	for _, f := range factors {
		if f.size == 1 {
			continue
		}
		if n := len(out); n > 0 && out[n-1].stride == f.size*f.stride {
			out[n-1] = factor{out[n-1].size * f.size, f.stride}
			continue
		}
		out = append(out, f)
	}
	return out
}

// outer turns every dimension before depth into planes, so that the inner factors are those of the
// dimensions from depth on.
func (v value) outer(depth int) (value, [][]factor, bool) {
	w, begins, dims, ok := v.groups()
	if !ok || begins > depth {
		return v, nil, false
	}
	for i := begins; i < depth; i++ {
		reversed := slices.Clone(dims[i])
		slices.Reverse(reversed)
		w.enumerate(reversed)
		dims[i] = nil
	}
	w.inner = nil
	for _, d := range dims[depth:] {
		w.inner = append(w.inner, d...)
	}
	return w, dims, len(w.planes) == count(v.shape[:depth])
}

// compact turns planes that are evenly spaced into a factor, as far as that goes for all of them.
func (v value) compact() value {
	n := len(v.planes)
	if n < 2 {
		return v
	}
	step := v.planes[1].offset - v.planes[0].offset
	for i, p := range v.planes {
		if p.store != v.planes[0].store || p.half > 0 || p.offset != v.planes[0].offset+i*step || step < 0 {
			return v
		}
	}
	v.planes = v.planes[:1:1]
	v.inner = append([]factor{{n, step}}, v.inner...)
	return v
}

// half reports whether any plane is to be repeated.
func (v value) half() bool {
	return slices.ContainsFunc(v.planes, func(p place) bool { return p.half > 0 })
}

// picked takes the elements of an axis by their indices.
func (v value) picked(axis int, indices []int) (value, bool) {
	shape := slices.Clone(v.shape)
	shape[axis] = len(indices)
	w, begins, dims, ok := v.groups()
	if !ok {
		return v, false
	}
	if axis >= begins && len(dims[axis]) <= 1 {
		// Evenly spaced indices stay a factor.
		even, step := true, 0
		if len(indices) > 1 {
			step = indices[1] - indices[0]
		}
		for i, k := range indices {
			even = even && k == indices[0]+i*step
		}
		stride := 0
		if len(dims[axis]) == 1 {
			stride = dims[axis][0].stride
		}
		if even && step >= 0 && len(indices) > 0 && !(w.half() && axis >= len(v.shape)-2) {
			for i := range w.planes {
				w.planes[i].offset += indices[0] * stride
			}
			dims[axis] = []factor{{len(indices), stride * step}}
			w.inner = nil
			for _, d := range dims[begins:] {
				w.inner = append(w.inner, d...)
			}
			w.shape = shape
			return w, true
		}
	}
	if axis >= len(v.shape)-1 {
		return v, false
	}
	w, _, ok = v.outer(max(axis+1, begins))
	if !ok {
		return v, false
	}
	n := v.shape[axis]
	block := len(w.planes) / max(count(v.shape[:axis+1]), 1)
	var planes []place
	for o := range count(v.shape[:axis]) {
		for _, k := range indices {
			planes = append(planes, w.planes[(o*n+k)*block:(o*n+k+1)*block]...)
		}
	}
	w.planes, w.shape = planes, shape
	return w.compact(), true
}

// transposed permutes the dimensions.
func (v value) transposed(perm []int) (value, bool) {
	v = v.compact()
	w, begins, dims, ok := v.groups()
	if !ok {
		return v, false
	}
	shape := make([]int, len(perm))
	for i, p := range perm {
		shape[i] = v.shape[p]
	}
	for i := range begins {
		// Dimensions of planes stay before the others, but for those of one element.
		if perm[i] >= begins && v.shape[perm[i]] != 1 {
			return v, false
		}
	}
	for i := begins; i < len(perm); i++ {
		if perm[i] < begins && v.shape[perm[i]] != 1 {
			return v, false
		}
	}
	if begins > 0 {
		var order []int
		for _, p := range perm {
			if p < begins {
				order = append(order, p)
			}
		}
		planes := make([]place, 0, len(w.planes))
		index := make([]int, begins)
		sizes := v.shape[:begins]
		for range w.planes {
			at := 0
			for d := range begins {
				at = at*sizes[d] + index[d]
			}
			planes = append(planes, w.planes[at])
			for i := len(order) - 1; i >= 0; i-- {
				d := order[i]
				if index[d]++; index[d] < sizes[d] {
					break
				}
				index[d] = 0
			}
		}
		w.planes = planes
	}
	if w.half() && !(perm[len(perm)-1] == len(perm)-1 && perm[len(perm)-2] == len(perm)-2) {
		return v, false
	}
	w.inner, w.shape = nil, shape
	for _, p := range perm {
		w.inner = append(w.inner, dims[p]...)
	}
	return w.compact(), true
}

// joined concatenates values along an axis.
func joined(values []value, axis int) (value, bool) {
	const most = 1 << 14 // planes: beyond that a copy is cheaper than a table
	shape := slices.Clone(values[0].shape)
	shape[axis] = 0
	depth := axis + 1
	for _, v := range values {
		_, begins, _, ok := v.groups()
		if !ok {
			return value{}, false
		}
		shape[axis] += v.shape[axis]
		depth = max(depth, begins)
	}
	var parts []value
	var inner []factor
	for _, v := range values {
		if v.shape[axis] == 0 {
			continue
		}
		if count(v.shape[:depth]) > most {
			return value{}, false
		}
		w, _, ok := v.outer(depth)
		if !ok {
			return value{}, false
		}
		w.inner = merged(w.inner)
		if parts == nil {
			inner = w.inner
		} else if !slices.Equal(inner, w.inner) {
			return value{}, false
		}
		parts = append(parts, w)
	}
	out := value{shape: shape, inner: inner}
	for o := range count(shape[:axis]) {
		for _, p := range parts {
			n := len(p.planes) / count(shape[:axis])
			out.planes = append(out.planes, p.planes[o*n:(o+1)*n]...)
		}
	}
	return out.compact(), true
}
