package demo

import "math"

// vec is a point or direction in metres (x across the street, y up, z along
// it) or a colour.
type vec struct{ x, y, z float32 }

func (a vec) add(b vec) vec            { return vec{a.x + b.x, a.y + b.y, a.z + b.z} }
func (a vec) sub(b vec) vec            { return vec{a.x - b.x, a.y - b.y, a.z - b.z} }
func (a vec) mul(b vec) vec            { return vec{a.x * b.x, a.y * b.y, a.z * b.z} }
func (a vec) scale(s float32) vec      { return vec{a.x * s, a.y * s, a.z * s} }
func (a vec) dot(b vec) float32        { return a.x*b.x + a.y*b.y + a.z*b.z }
func (a vec) mad(b vec, s float32) vec { return vec{a.x + b.x*s, a.y + b.y*s, a.z + b.z*s} }
func (a vec) cross(b vec) vec {
	return vec{a.y*b.z - a.z*b.y, a.z*b.x - a.x*b.z, a.x*b.y - a.y*b.x}
}
func (a vec) norm() vec { return a.scale(1 / sqrt(a.dot(a))) }

func mix(a, b vec, t float32) vec { return a.add(b.sub(a).scale(t)) }

func lerp(a, b, t float32) float32 { return a + (b-a)*t }

func sqrt(v float32) float32  { return float32(math.Sqrt(float64(v))) }
func floor(v float32) float32 { return float32(math.Floor(float64(v))) }
func abs(v float32) float32   { return max(v, -v) }
func sin(v float32) float32   { return float32(math.Sin(float64(v))) }
func cos(v float32) float32   { return float32(math.Cos(float64(v))) }
func fract(v float32) float32 { return v - floor(v) }

// smooth is the smoothstep from a to b.
func smooth(a, b, v float32) float32 {
	t := min(max((v-a)/(b-a), 0), 1)
	return t * t * (3 - 2*t)
}

// hash mixes numbers into 32 well-spread bits (the finaliser of MurmurHash3).
func hash(a, b, c uint32) uint32 {
	h := a*0x9E3779B1 ^ b*0x85EBCA77 ^ c*0xC2B2AE3D
	h ^= h >> 16
	h *= 0x85EBCA6B
	h ^= h >> 13
	h *= 0xC2B2AE35
	return h ^ h>>16
}

// unit is a hash as a number from 0 to 1.
func unit(a, b, c uint32) float32 { return float32(hash(a, b, c)>>8) / (1 << 24) }

// noise2 is value noise of unit wavelength, 0..1.
func noise2(x, y float32, seed uint32) float32 {
	fx, fy := floor(x), floor(y)
	ix, iy := uint32(int32(fx)), uint32(int32(fy))
	tx, ty := x-fx, y-fy
	tx, ty = tx*tx*(3-2*tx), ty*ty*(3-2*ty)
	a := lerp(unit(ix, iy, seed), unit(ix+1, iy, seed), tx)
	b := lerp(unit(ix, iy+1, seed), unit(ix+1, iy+1, seed), tx)
	return lerp(a, b, ty)
}

// fbm2 is a sum of octaves of noise2, 0..1, without detail finer than cut.
func fbm2(x, y, cut float32, octaves int, seed uint32) float32 {
	sum, weight, amp := float32(0), float32(0), float32(1)
	for o := range octaves {
		scale := float32(int(1) << o)
		fade := 1 - smooth(0.4, 1.2, cut*scale)
		n := float32(0.5)
		if fade > 0 {
			n = 0.5 + (noise2(x*scale, y*scale, seed+uint32(o))-0.5)*fade
		}
		sum += n * amp
		weight += amp
		amp /= 2
	}
	return sum / weight
}
