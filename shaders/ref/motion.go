package ref

import "sightline/shaders"

// Motion holds what the motion kernels keep from frame to frame. The zero Motion has seen nothing.
type Motion struct {
	state []mode // MotionModes for each pixel
	size  [2]uint32
}

// mode is one Gaussian: luma, blue and red difference and variance, in 1/256, and weight, of 65536.
type mode struct {
	mean     [3]int32
	variance uint32
	weight   uint32
}

// Frame is what all motion kernels make of a picture. Regions are in the order of their first run,
// which on a GPU is any order.
func (m *Motion) Frame(p shaders.MotionParams, picture Pixels) shaders.MotionResult {
	var result shaders.MotionResult
	mask := m.Mixture(p, picture, &result)
	words := mask.Morphology(true, 1).Morphology(false, 3).Morphology(true, 2)
	words.regions(int(p.LeastArea), &result)
	return result
}

// Mixture is motion_mixture.wgsl: it returns the moving pixels and adds to the result's counts.
func (m *Motion) Mixture(p shaders.MotionParams, picture Pixels, result *shaders.MotionResult) Mask {
	width, height := int(p.Width), int(p.Height)
	if size := [2]uint32{p.Width, p.Height}; m.size != size {
		m.size, m.state = size, make([]mode, shaders.MotionModes*width*height)
	}
	mask := NewMask(width, height)
	picture.analysis(width, height, func(pixel int, r, g, b uint32) {
		luma := int32(analysisLuma(r, g, b))
		value := [3]int32{luma, (int32(b<<6)-luma)>>1 + 32768, (int32(r<<6)-luma)>>1 + 32768}
		l := classify(&p, (*[shaders.MotionModes]mode)(m.state[shaders.MotionModes*pixel:]), value)
		if l.moving {
			x, y := pixel%width, pixel/width
			mask.Bits[y*mask.Words+x/32] |= 1 << (x % 32)
			result.Moving++
		}
		for _, c := range []struct {
			is    bool
			count *int
		}{{l.shadow, &result.Shadow}, {l.brighter, &result.Brighter}, {l.darker, &result.Darker}} {
			if c.is {
				*c.count++
			}
		}
	})
	return mask
}

type label struct{ moving, shadow, brighter, darker bool }

// brightnessStep is BRIGHTNESS_STEP.
const brightnessStep = 1536

// classify updates the mixture of a pixel.
func classify(p *shaders.MotionParams, modes *[shaders.MotionModes]mode, value [3]int32) label {
	var l label
	total := uint32(0)
	for k := range modes {
		total += modes[k].weight
	}
	if modes[0].weight > 0 {
		brighter := value[0] - modes[0].mean[0]
		l.brighter, l.darker = brighter > brightnessStep, brighter < -brightnessStep
	}
	background := min(total, 65535) * p.Background >> 16
	before, found, squared := uint32(0), -1, uint32(0)
	moving, shadow := true, false
	for k := range modes {
		m := &modes[k]
		if m.weight == 0 {
			break
		}
		distance := uint32(0)
		for i, v := range value {
			d := (v - m.mean[i]) >> 4
			distance += uint32(d * d)
		}
		isBackground := before <= background
		if found < 0 && distance <= p.Reach*m.variance {
			found, squared, moving = k, distance, !isBackground
		}
		darker := value[0] < m.mean[0] && uint32(value[0])*256 >= uint32(m.mean[0])*p.ShadowLuma
		tint := max(abs(value[1]-m.mean[1]), abs(value[2]-m.mean[2]))
		shadow = shadow || isBackground && darker && uint32(tint) <= p.ShadowChroma
		before += m.weight
	}
	l.moving, l.shadow = moving && !shadow, moving && shadow

	for k := range modes {
		modes[k].weight -= (modes[k].weight*p.WeightRate + 65535) >> 16
	}
	if found < 0 {
		found = len(modes) - 1
		modes[found] = mode{value, p.VarianceStart, 0}
	} else {
		m := &modes[found]
		learned := (p.WeightRate << 16) / (m.weight + p.WeightRate)
		rate := int32(min(max(learned, p.MeanRate), 65535) >> 2)
		for i, v := range value {
			m.mean[i] += ((v-m.mean[i])*rate + 8192) >> 14
		}
		spread := int32(m.variance) + ((int32(squared)-int32(m.variance))*(rate>>3)+1024)>>11
		m.variance = min(max(uint32(max(spread, 0)), p.VarianceLeast), p.VarianceMost)
	}
	modes[found].weight = min(modes[found].weight+p.WeightRate, 65535)
	for k := found; k > 0 && modes[k].weight > modes[k-1].weight; k-- {
		modes[k], modes[k-1] = modes[k-1], modes[k]
	}
	return l
}

func abs(v int32) int32 { return max(v, -v) }
