package ref

import (
	"sightline/shaders"
	"sightline/vision/motion"
)

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
func (m *Motion) Frame(p shaders.MotionParams, picture Pixels) motion.Result {
	var result motion.Result
	m.resize(p)
	gain := m.gain(p, picture)
	result.Gain = float64(gain) / 256
	mask := m.mixture(p, picture, gain, &result)
	words := mask.Morphology(true, 1).Morphology(false, 3).Morphology(true, 2)
	words.regions(int(p.LeastArea), &result)
	return result
}

func (m *Motion) resize(p shaders.MotionParams) {
	if size := [2]uint32{p.Width, p.Height}; m.size != size {
		m.size, m.state = size, make([]mode, shaders.MotionModes*int(p.Width)*int(p.Height))
	}
}

// Constants of motion_gain.wgsl.
const (
	every               = 4
	unity               = 128
	darkest, brightest  = 3072, 63488
	enough              = 64
	clipped, brightness = 1000, 1536 // of motion_mixture.wgsl
)

// gain is motion_gain.wgsl.
func (m *Motion) gain(p shaders.MotionParams, picture Pixels) uint32 {
	var histogram [256]int
	total := 0
	picture.analysis(int(p.Width), int(p.Height), every, func(pixel int, r, g, b uint32) {
		expected, luma := uint32(m.state[shaders.MotionModes*pixel].mean[0]), analysisLuma(r, g, b)
		if expected >= darkest && expected <= brightest && luma <= brightest {
			histogram[min((luma*unity+expected/2)/expected, 255)]++
			total++
		}
	})
	sum := 0
	for bin, n := range histogram {
		if sum += n; total >= enough && 2*sum >= total {
			return uint32(max(bin, unity/2)) * 256 / unity
		}
	}
	return 256
}

// mixture is motion_mixture.wgsl: it returns the moving pixels and adds to the result's counts.
func (m *Motion) mixture(p shaders.MotionParams, picture Pixels, gain uint32, result *motion.Result) Mask {
	width, height := int(p.Width), int(p.Height)
	mask := NewMask(width, height)
	learned := (gain*31 + 256) / 32
	picture.analysis(width, height, 1, func(pixel int, r, g, b uint32) {
		s := sample{value: colour(r, g, b, gain), learn: colour(r, g, b, learned), clipped: gain > 256 && max(r, g, b) >= clipped}
		l := classify(&p, (*[shaders.MotionModes]mode)(m.state[shaders.MotionModes*pixel:]), s)
		if l.moving {
			x, y := pixel%width, pixel/width
			mask.Bits[y*mask.Words+x/32] |= 1 << (x % 32)
			result.Moving++
		}
		if l.shadow {
			result.Shadow++
		}
		if l.brighter {
			result.Brighter++
		}
		if l.darker {
			result.Darker++
		}
	})
	return mask
}

// colour divides a sum by a gain and makes it luma, blue and red difference.
func colour(r, g, b, gain uint32) [3]int32 {
	r, g, b = min(r*256/gain, 1020), min(g*256/gain, 1020), min(b*256/gain, 1020)
	luma := int32(analysisLuma(r, g, b))
	return [3]int32{luma, (int32(b<<6)-luma)>>1 + 32768, (int32(r<<6)-luma)>>1 + 32768}
}

// sample is a pixel's value, what is learned of it, and whether it was cut off.
type sample struct {
	value, learn [3]int32
	clipped      bool
}

func (s *sample) difference(mean [3]int32) [3]int32 {
	d := [3]int32{s.value[0] - mean[0], s.value[1] - mean[1], s.value[2] - mean[2]}
	if s.clipped {
		return [3]int32{max(d[0], 0), 0, 0}
	}
	return d
}

type label struct{ moving, shadow, brighter, darker bool }

// classify updates the mixture of a pixel.
func classify(p *shaders.MotionParams, modes *[shaders.MotionModes]mode, s sample) label {
	var l label
	total := uint32(0)
	for k := range modes {
		total += modes[k].weight
	}
	if modes[0].weight > 0 {
		brighter := s.difference(modes[0].mean)[0]
		l.brighter, l.darker = brighter > brightness, brighter < -brightness
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
		for _, d := range s.difference(m.mean) {
			d >>= 4
			distance += uint32(d * d)
		}
		isBackground := before <= background
		if found < 0 && distance <= p.Reach*m.variance {
			found, squared, moving = k, distance, !isBackground
		}
		value := &s.value
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
		modes[found] = mode{s.learn, p.VarianceStart, 0}
	} else {
		m := &modes[found]
		learned := (p.WeightRate << 16) / (m.weight + p.WeightRate)
		rate := int32(min(max(learned, p.MeanRate), 65535) >> 2)
		for i, v := range s.learn {
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
