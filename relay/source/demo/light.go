package demo

import "math"

// light is the light of one time of day. Radiance is linear; exposure brings it
// to the display.
type light struct {
	toSun        vec // unit vector towards the sun or the moon
	sun          vec // its irradiance
	sky, bounce  vec // ambient light from above and from below
	zenith, haze vec // colours of the sky above and at the horizon
	clouds       vec
	exposure     float32
}

// The key lights; the time of day is a mixture of two of them.
const (
	keyDay = iota
	keyDusk
	keyNight
	keyCount
)

func keyLights() [keyCount]light {
	return [keyCount]light{
		keyDay: {
			toSun: vec{0.62, 0.66, -0.28}.norm(), sun: vec{2.5, 2.3, 1.95},
			sky: vec{0.62, 0.74, 0.95}, bounce: vec{0.34, 0.31, 0.27},
			zenith: vec{0.22, 0.44, 0.92}, haze: vec{0.82, 0.96, 1.12}, clouds: vec{1.6, 1.6, 1.62},
			exposure: 0.56,
		},
		keyDusk: {
			toSun: vec{0.42, 0.19, 0.88}.norm(), sun: vec{1.25, 0.55, 0.2},
			sky: vec{0.36, 0.36, 0.56}, bounce: vec{0.2, 0.14, 0.11},
			zenith: vec{0.14, 0.19, 0.44}, haze: vec{1.5, 0.72, 0.36}, clouds: vec{1.25, 0.55, 0.42},
			exposure: 0.85,
		},
		keyNight: {
			toSun: vec{0.5, 0.75, -0.42}.norm(), sun: vec{0.026, 0.032, 0.05},
			sky: vec{0.034, 0.042, 0.075}, bounce: vec{0.012, 0.011, 0.012},
			zenith: vec{0.007, 0.011, 0.03}, haze: vec{0.05, 0.045, 0.055}, clouds: vec{0.03, 0.03, 0.04},
			exposure: 1.9,
		},
	}
}

// lampColor is the light of a street lamp, one metre below it.
var lampColor = vec{34, 21, 9.5}

// tone is the display's response to linear light: a soft shoulder, then gamma.
type tone [2048]float32

func newTone() *tone {
	t := &tone{}
	for i := range t {
		t[i] = float32(math.Pow(float64(i)/float64(len(t)-1), 1/2.2))
	}
	return t
}

func (t *tone) display(c vec, exposure float32) vec {
	f := func(v float32) float32 {
		v *= exposure
		// A filmic curve: a toe for contrast, a shoulder for highlights.
		v = v * (2.51*v + 0.03) / (v*(2.43*v+0.59) + 0.14)
		return t[min(max(int(v*float32(len(t)-1)+0.5), 0), len(t)-1)]
	}
	return vec{f(c.x), f(c.y), f(c.z)}
}

// daylight is the state of all lights at one moment, in steps so coarse that
// it stays equal over many pictures.
type daylight struct {
	mix        [keyCount]uint8 // shares of the key lights, of 255
	lamps      [lampsAll]uint8 // brightness of each lamp, of 255
	hour       float32         // for windows, in steps too
	windows    bool
	headlights bool
}

// windowStep is the least change of the hour that windows notice, in hours, so
// that the light of broad day and of deep night stays equal.
const windowStep = 1.0 / 192

// startHour is the time of day of counter 0.
const startHour = 9.0

// daylightAt is the light at a time of day, 0 to 24 hours.
func daylightAt(hour float32, lamps bool) daylight {
	d := daylight{windows: lamps, hour: 12}
	if hour > windowsFrom || hour < windowsTo {
		d.hour = floor(hour/windowStep) * windowStep
	}
	ramp := func(a, b float32) uint8 { return uint8(255 * smooth(a, b, hour)) }
	switch {
	case hour < 5.5:
		d.mix[keyDusk] = ramp(3.8, 5.5)
		d.mix[keyNight] = 255 - d.mix[keyDusk]
	case hour < 12:
		d.mix[keyDay] = ramp(5.5, 7.8)
		d.mix[keyDusk] = 255 - d.mix[keyDay]
	case hour < 19:
		d.mix[keyDusk] = ramp(16.8, 19)
		d.mix[keyDay] = 255 - d.mix[keyDusk]
	default:
		d.mix[keyNight] = ramp(19, 21)
		d.mix[keyDusk] = 255 - d.mix[keyNight]
	}
	d.headlights = hour > 18.2 || hour < 6.2
	if lamps {
		for i := range d.lamps {
			at := 0.09 * float32((i*5)%7)
			on := smooth(18.4+at, 18.9+at, hour)
			if hour < 12 {
				on = 1 - smooth(5.3+at, 5.8+at, hour)
			}
			d.lamps[i] = uint8(on * 255)
		}
	}
	return d
}
