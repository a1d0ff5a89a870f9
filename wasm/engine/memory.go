package engine

import (
	"cmp"
	"slices"

	"sightline/shaders"
	"sightline/vision/onnx"
)

// lifetimes notes the first and the last step of each storage and returns all of them.
func lifetimes(steps []*step) []*storage {
	var list []*storage
	seen := map[*storage]bool{}
	use := func(s *storage, i int) {
		if s.constant {
			return
		}
		if !seen[s] {
			seen[s] = true
			list = append(list, s)
			if s.born >= 0 {
				s.born = i
			}
			s.dies = i
		}
		s.born, s.dies = min(s.born, i), max(s.dies, i)
	}
	for i, st := range steps {
		for _, s := range st.writes {
			use(s, i)
		}
		for _, s := range st.reads {
			use(s, i)
		}
	}
	return list
}

// arrange gives each storage its place, the largest first, each as low as it can lie, and returns the
// arena's size in quads. Storages overlap in place only if they do not in time.
func arrange(list []*storage, steps int) int {
	slices.SortStableFunc(list, func(a, b *storage) int {
		return cmp.Or(cmp.Compare(a.born, 0)*boolInt(a.born < 0 || b.born < 0), cmp.Compare(b.quads, a.quads), cmp.Compare(a.born, b.born))
	})
	end := 0
	var placed []*storage
	for _, s := range list {
		if s.pinned {
			s.dies = steps
		}
		s.at = 0
		for {
			moved := false
			for _, o := range placed {
				if s.born <= o.dies && o.born <= s.dies && s.at < o.at+o.quads && o.at < s.at+s.quads {
					s.at, moved = o.at+o.quads, true
				}
			}
			if !moved {
				break
			}
		}
		placed = append(placed, s)
		end = max(end, s.at+s.quads)
	}
	return end
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

// plan lays out the memory and writes the dispatches.
func (c *compiler) plan(g *onnx.Graph, inputs, outputs []value) (*Plan, error) {
	if !c.options.Apart && !c.options.alone {
		c.steps = joinSteps(c.steps)
	}
	list := lifetimes(c.steps)
	for _, v := range slices.Concat(inputs, outputs) {
		if s := v.planes[0].store; !slices.Contains(list, s) {
			list = append(list, s)
		}
	}
	p := &Plan{Half: c.options.Half}
	quads := arrange(list, len(c.steps))
	quadBytes := 16
	if c.options.Half {
		quadBytes = 8
	}
	p.Arena = max(quads*quadBytes, 16)
	kernels := map[string]int{}
	for _, s := range c.steps {
		name := s.name()
		var o shaders.Operator
		if s.operator != nil {
			o = s.operator()
			name = o.Permutation
		}
		if c.options.Half {
			name += "_f16"
		}
		k, known := kernels[name]
		if !known {
			k = len(p.Kernels)
			kernels[name] = k
			p.Kernels = append(p.Kernels, name)
		}
		for len(p.Params)%paramsAlignment != 0 {
			p.Params = append(p.Params, 0)
		}
		d := Dispatch{Kernel: k, Params: len(p.Params), Label: s.label, key: s.key, each: s.each}
		groups := 0
		if s.params != nil {
			p.Params = append(p.Params, s.params()...)
			groups = workgroupsOf(s.items)
		}
		if s.operator != nil {
			p.Params = append(p.Params, o.Params...)
			groups = o.Items
			if !o.Shared {
				groups = workgroupsOf(o.Items)
			}
		}
		for i, problem := range s.problems {
			q := problem.fill()
			q.First = uint32(groups)
			tiles := problem.tiles(max(s.each, 1))
			q.Tiles, q.Items = uint32(tiles), uint32(tiles*problem.blocks)
			if problem.between == nil {
				groups += workgroupsOf(int(q.Items))
			} else {
				groups += (int(q.TargetPlane) + problem.shared - 1) / problem.shared
			}
			if i == 0 {
				q.Problems = uint32(len(s.problems))
				if problem.between != nil {
					q.Problems *= 2
				}
			}
			p.Params = q.Append(p.Params)
			if problem.between != nil {
				d := problem.between()
				d.Tiles = uint32(problem.shared)
				p.Params = d.Append(p.Params)
			}
		}
		d.X, d.Y = uint32(groups), 1
		if groups > maxWorkgroups {
			d.Y = uint32((groups + maxWorkgroups - 1) / maxWorkgroups)
			d.X = uint32((groups + int(d.Y) - 1) / int(d.Y))
		}
		p.Dispatches = append(p.Dispatches, d)
	}
	p.Params = append(p.Params, make([]byte, ParamsWindow)...)
	p.Constants = c.constants.bytes
	if len(p.Constants) == 0 {
		p.Constants = make([]byte, 16)
	}
	p.Detections, p.Result = 16, 16
	region := func(name string, v value) Region {
		r := Region{Name: name, Shape: v.shape, Offset: v.planes[0].store.at * quadBytes}
		r.Pitch = pitch(r.Width())
		return r
	}
	for i, v := range inputs {
		p.Inputs = append(p.Inputs, region(g.Inputs[i].Name, v))
	}
	for i, v := range outputs {
		p.Outputs = append(p.Outputs, region(g.Outputs[i].Name, v))
	}
	return p, nil
}

func workgroupsOf(items int) int { return (items + workgroupSize - 1) / workgroupSize }
