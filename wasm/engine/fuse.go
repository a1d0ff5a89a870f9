package engine

import (
	"maps"
	"strings"

	"sightline/shaders"
)

// sharedQuads is how many quads nn_conv_fused keeps between its two convolutions.
const sharedQuads = 1024

// fusable finds the convolution by 1 by 1 that can be computed together with the depthwise one before
// it, and what follows it.
func (c *compiler) fusable(k conv, e epilogue) (next conv, then epilogue, ok bool) {
	if _, depthwise := k.depthwise(); !depthwise || c.options.Apart || e.residual != nil || 2*k.groups > sharedQuads ||
		shaders.ConvVariant(e.before, shaders.Activation{}, false) != "" {
		return next, then, false
	}
	n, ok := c.only(e.result)
	if !ok || n.Op != "Conv" || n.Inputs[0] != e.result {
		return next, then, false
	}
	next, err := convOf(n)
	if err != nil || next.dynamic || !next.unit() {
		return next, then, false
	}
	shape, _ := imageShape(n.Outputs[0].Shape)
	if chosen, measured := c.options.Choices[fusedKey(k, next, shape)]; measured && chosen == apart {
		return next, then, false
	}
	done := maps.Clone(c.done)
	c.done[n] = true
	then, err = c.epilogue(n)
	if err != nil || then.residual != nil || shaders.ConvVariant(then.before, shaders.Activation{}, false) != "" {
		c.done = done
		return next, then, false
	}
	then.label = e.label + "+" + then.label
	return next, then, true
}

// What is chosen for two convolutions that may be fused.
const (
	apart    = 0
	together = 1
)

// fusedKey names two convolutions for choices.
func fusedKey(k, next conv, shape [4]int) string { return k.key(shape) + " + " + next.key(shape) }

// fused plans a depthwise convolution and the one by 1 by 1 of its result as one.
func (c *compiler) fused(k, next conv, source value, e, then epilogue) (value, error) {
	im, source, err := c.image(k.node, source, false)
	if err != nil {
		return value{}, err
	}
	shape, _ := imageShape(next.node.Outputs[0].Shape)
	target := fresh(shape[:])
	store := target.planes[0].store
	columns := pitch(shape[3]) / 4
	infix, _ := k.depthwise()
	for picture := range im.batch {
		planes := im.channelsOf(picture)
		step0, isEven := even(planes)
		first, second := c.layout(k, "nn_conv_depthwise", shape), c.layout(next, "nn_conv_1x1", shape)
		between := shaders.ConvProblem{SourcePlane: uint32(step0), SourceTable: shaders.None, SourcePitch: uint32(im.pitch),
			SourceWidth: uint32(im.width), SourceHeight: uint32(im.height), Weights: uint32(first.weights), Bias: uint32(first.bias),
			Residual: shaders.None, ResidualTable: shaders.None, Pad: unsigned(k.pad), Before: e.before}
		p := shaders.ConvProblem{SourceTable: shaders.None, TargetPlane: uint32(columns * shape[2]), TargetPitch: uint32(columns),
			TargetHeight: uint32(shape[2]), Weights: uint32(second.weights), Bias: uint32(second.bias),
			Channels: uint32(next.in), TargetChannels: uint32(next.out), Residual: shaders.None, ResidualTable: shaders.None, Before: then.before}
		table := -1
		if !isEven {
			table = c.constants.words(make([]uint32, len(planes)))
			between.SourceTable = uint32(table)
		}
		// As many quads as memory holds, but no more than one for each invocation of the first part.
		shared := 2
		for shared < 16 && 2*shared*k.groups <= sharedQuads {
			shared *= 2
		}
		offset := picture * next.out * columns * shape[2]
		c.add(&step{kernel: "nn_conv_fused" + infix, key: fusedKey(k, next, shape), label: then.label, reads: source.stores(), writes: []*storage{store},
			problems: []problem{{tiles: second.tiles, blocks: second.blocks, shared: shared,
				fill: func() shaders.ConvProblem {
					p := p
					p.Target = uint32(store.at + offset)
					return p
				},
				between: func() shaders.ConvProblem {
					d := between
					d.Source = planes[0].quad()
					if table >= 0 {
						c.constants.table(table, planes)
					}
					return d
				}}}})
	}
	return target.reshaped(next.node.Outputs[0].Shape), nil
}

// joinSteps puts convolutions that do not wait for each other into one dispatch. Each step moves back to
// right before the first that needs it; there it meets those of other branches.
func joinSteps(steps []*step) []*step {
	// rest is the length of the longest chain of steps from one to the end.
	rest := make([]int, len(steps))
	readers := map[*storage][]int{}
	for i, s := range steps {
		for _, r := range s.reads {
			readers[r] = append(readers[r], i)
		}
	}
	most := 0
	for i := len(steps) - 1; i >= 0; i-- {
		for _, w := range steps[i].writes {
			for _, k := range readers[w] {
				if k > i {
					rest[i] = max(rest[i], rest[k]+1)
				}
			}
			// Parts of one tensor keep their order.
			for k := i + 1; k < len(steps); k++ {
				for _, o := range steps[k].writes {
					if o == w {
						rest[i] = max(rest[i], rest[k]+1)
					}
				}
			}
		}
		most = max(most, rest[i])
	}
	var out []*step
	for level := most; level >= 0; level-- {
		begin := len(out)
		for i, s := range steps {
			if rest[i] != level {
				continue
			}
			if !join(out[begin:], s) {
				out = append(out, s)
			}
		}
	}
	return out
}

// join adds a step's convolutions to one of the same kernel.
func join(steps []*step, s *step) bool {
	limit := shaders.ConvProblems
	if strings.HasPrefix(s.kernel, "nn_conv_fused") {
		limit /= 2
	}
	for _, o := range steps {
		if len(s.problems) > 0 && o.kernel == s.kernel && o.variant == s.variant && len(o.problems)+len(s.problems) <= limit {
			o.each = min(o.each, s.each)
			o.problems = append(o.problems, s.problems...)
			o.reads, o.writes = append(o.reads, s.reads...), append(o.writes, s.writes...)
			o.label += ", " + s.label
			return true
		}
	}
	return false
}
