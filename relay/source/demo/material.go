package demo

// surface is how a hit looks before it is lit.
type surface struct {
	albedo vec
	normal vec
	glass  bool    // reflects the sky, dark behind
	shade  float32 // darkening by corners and recesses
	lamp   int     // index of the lamp whose head this is, or -1
	window uint32  // id of a window that can be lit, or 0
	inside vec     // what a lit window sends out
	key    uint32  // differs where an edge is
}

// surfaceAt dresses a hit at a distance; detail finer than a pixel (pixel: its
// angle) is left out.
func (w *world) surfaceAt(h hit, at vec, pixel float32, seed uint32) surface {
	s := surface{normal: h.normal, shade: 1, lamp: -1}
	switch {
	case h.ground:
		s.groundAt(at, pixel*h.t*h.t/max(5, 5.6), seed)
	case h.box != nil:
		s.boxAt(h.box, at, pixel*h.t, seed)
	case h.pole != nil:
		s.albedo, s.key = h.pole.color, h.pole.id
	case h.crown != nil:
		c := h.crown
		v := unit(c.id, uint32(h.ball), seed)
		s.albedo = c.color.scale(0.75 + 0.55*v)
		// Leaves: the surface is rough, the lower and inner ones dark.
		q := at.scale(9)
		rough := vec{noise2(q.x, q.y, 21) - 0.5, noise2(q.y, q.z, 22) - 0.5, noise2(q.z, q.x, 23) - 0.5}
		s.normal = s.normal.mad(rough, 1.3).norm()
		s.albedo = s.albedo.scale(0.8 + 0.5*noise2(q.x*1.7+q.z, q.y*1.7, 24))
		o := at.sub(c.center)
		s.shade = 0.35 + 0.65*smooth(-0.9, 1.1, o.y/c.r+sqrt(o.dot(o))/c.r*0.7-0.4)
		s.key = c.id*64 + uint32(h.ball)
	}
	return s
}

func (s *surface) groundAt(at vec, cut float32, seed uint32) {
	x, z := at.x, at.z
	rough := fbm2(x*6, z*6, cut*6, 3, seed+31)
	broad := fbm2(x*0.35, z*0.35, 0, 3, seed+32)
	asphalt := vec{0.105, 0.105, 0.11}.scale(0.72 + 0.28*broad + 0.4*(rough-0.5) + 0.12)
	paint := vec{0.62, 0.61, 0.58}.scale(0.8 + 0.35*(rough-0.5) + 0.2*(broad-0.5))
	road := x > kerbLeft && x < kerbRight && z < junctionFrom
	junction := z >= junctionFrom && z <= junctionTo
	switch {
	case road && z > zebraFrom && z < zebraTo && fract(x+0.1) < 0.52 && x < cycleLane:
		s.albedo, s.key = paint, 1000+uint32(int32(floor(x+0.1))+50)
	case road && x > cycleLane:
		s.albedo, s.key = vec{0.2, 0.075, 0.06}.scale(0.8+0.3*broad+0.4*(rough-0.5)), 2
		if x < cycleLane+0.14 {
			s.albedo, s.key = paint, 3
		}
	case road && abs(x) < 0.075 && fract(z/5) < 0.5 && (z < zebraFrom-1 || z > zebraTo+1):
		s.albedo, s.key = paint, 4
	case road && z > zebraFrom-1.3 && z < zebraFrom-0.95 && x > 0.1 && x < cycleLane,
		road && z > zebraTo+0.95 && z < zebraTo+1.3 && x < -0.1:
		s.albedo, s.key = paint, 5
	case road && x < kerbLeft+0.35:
		s.albedo, s.key = asphalt.scale(0.75), 6
	case road || junction:
		s.albedo, s.key = asphalt, 7
		// Tyre tracks are worn smooth, the middle of a lane is darker.
		track := abs(abs(abs(x)-1.8) - 0.75)
		s.albedo = s.albedo.scale(1 + 0.1*smooth(0.5, 0.1, track))
		if mx, mz := x-1.5, z-11.5; mx*mx+mz*mz < 0.14 {
			s.albedo, s.key = vec{0.05, 0.048, 0.045}, 8
		}
	case x < facadeLeft && z > parkFrom && z < parkTo:
		blade := fbm2(x*14, z*14, cut*14, 2, seed+33)
		s.albedo = mix(vec{0.07, 0.14, 0.03}, vec{0.13, 0.19, 0.05}, broad).scale(0.7 + 0.6*blade)
		s.key = 9
		if abs(z-28.4+sin(x*0.4)) < 0.8 {
			s.albedo, s.key = vec{0.36, 0.3, 0.22}.scale(0.8+0.4*rough), 10
		}
	case x > kerbLeft-0.28 && x <= kerbLeft, x < kerbRight+0.28 && x >= kerbRight:
		s.albedo, s.key = vec{0.36, 0.35, 0.33}.scale(0.85+0.3*rough), 11
		if fract(z) < 0.025 {
			s.albedo = s.albedo.scale(lerp(0.6, 1, smooth(0.01, 0.05, cut)))
		}
	default:
		// Slabs of 0.8 by 0.6 m, each a little different.
		u, v := floor(x/0.8), floor(z/0.6+0.5*fract(floor(x/0.8)/2)*2)
		slab := unit(uint32(int32(u)), uint32(int32(v)), seed+34)
		s.albedo = vec{0.34, 0.325, 0.3}.scale(0.86 + 0.1*broad + 0.2*(rough-0.5) + 0.12*(slab-0.5)*(1-smooth(0.3, 1, cut)))
		ju, jv := fract(x/0.8)*0.8, fract(z/0.6+0.5*fract(floor(x/0.8)/2)*2)*0.6
		joint := min(ju, 0.8-ju, jv, 0.6-jv)
		s.albedo = s.albedo.scale(1 - 0.35*smooth(0.022, 0.006, joint)*(1-smooth(0.03, 0.15, cut)))
		s.key = 12
	}
	// Walls darken the ground at their foot.
	d := min(abs(x-facadeLeft), abs(x-facadeRight))
	if z > parkFrom && z < parkTo && x < 0 {
		d = 9
	}
	s.shade = 1 - 0.4*smooth(1.2, 0, d)
}

// Facade measures, in metres.
const (
	shopHeight  = 3.8
	floorHeight = 3.0
)

func (s *surface) boxAt(b *box, at vec, cut float32, seed uint32) {
	s.albedo, s.key = b.wall, b.id*4096
	if b.style == lampHead {
		s.lamp, s.key = int(b.id), 90000+b.id
		if s.normal.y >= 0 {
			s.lamp = -1
		}
		return
	}
	if b.style == plain {
		s.key += uint32(int32(s.normal.x+s.normal.y*3+s.normal.z*9) + 13)
		return
	}
	if s.normal.y > 0.5 {
		s.albedo, s.key = vec{0.2, 0.19, 0.18}, s.key+1
		return
	}
	u, width := at.z-b.min.z, b.max.z-b.min.z
	face := uint32(0)
	if s.normal.z != 0 {
		u, width, face = at.x-b.min.x, b.max.x-b.min.x, 1
	}
	v, height := at.y, b.max.y
	s.key += face * 2048
	if b.style == far {
		s.gridWindow(b, face, u, v, 3, 3.2, 1.8, 1.7, seed)
		return
	}
	grain := fbm2(u*3, v*3, cut*3, 3, seed+b.id)
	s.albedo = s.albedo.scale(0.84 + 0.32*grain)
	// Courses of bricks or panels, rain stains below the roof.
	if course := fract(v / 0.25); course < 0.12 {
		s.albedo = s.albedo.scale(1 - 0.13*(1-smooth(0.04, 0.14, cut)))
	}
	s.shade = 1 - 0.22*smooth(1.5, 0, v)
	switch {
	case v > height-0.55:
		s.albedo, s.key = b.trim.scale(0.9), s.key+2
		if v < height-0.42 {
			s.albedo = s.albedo.scale(0.55)
		}
	case b.style == house && v < shopHeight:
		s.shop(b, face, u, v, width, seed)
	case b.style == office:
		s.gridWindow(b, face, u, v, 1.5, 3.2, 1.3, 2.0, seed)
	default:
		if fl := fract((v - shopHeight) / floorHeight); v < height-1 && fl < 0.06 {
			s.albedo = mix(s.albedo, b.trim, 0.6)
			s.key += 3
		}
		pitch := width / max(1, floor(width/2.5+0.5))
		s.gridWindow(b, face, u, v-shopHeight, pitch, floorHeight, 1.15, 1.55, seed)
	}
}

// gridWindow cuts a grid of windows into a wall: pitch and storey are the
// grid's distances, ww and wh a window's width and height.
func (s *surface) gridWindow(b *box, face uint32, u, v, pitch, storey, ww, wh float32, seed uint32) {
	if v < 0 || v > b.max.y-0.7-shopHeight*boolean32(b.style == house) {
		return
	}
	col, row := floor(u/pitch), floor(v/storey)
	x, y := (fract(u/pitch)-0.5)*pitch, fract(v/storey)*storey-0.85
	const frame = 0.07
	switch {
	case b.style == house && y > -0.12 && y < 0 && abs(x) < ww/2+0.12:
		s.albedo, s.key = b.trim.scale(0.95), s.key+4
	case abs(x) > ww/2 || y < 0 || y > wh:
		if b.style == house && abs(x) < ww/2+0.1 && y > 0 && y < wh+0.1 {
			s.albedo, s.key = mix(s.albedo, b.trim, 0.75), s.key+5
		}
	case b.style != far && (ww/2-abs(x) < frame || y < frame || y > wh-frame || b.style == house && abs(x) < frame/2):
		s.albedo, s.key = vec{0.62, 0.61, 0.58}, s.key+6
		if b.style == office {
			s.albedo = vec{0.12, 0.13, 0.14}
		}
	default:
		cell := uint32(int32(col))*64 + uint32(int32(row))
		s.window = hash(b.id*2+face, cell, seed) | 1
		s.glass = true
		s.key += 8 + s.window%1777
		// A recess: shadow from above; curtains at the sides.
		s.shade = lerp(0.55, 1, smooth(0, 0.35, wh-y))
		r := unit(s.window, 1, 3)
		s.inside = mix(vec{0.7, 0.4, 0.15}, vec{0.62, 0.55, 0.4}, r).scale(0.35 + 0.5*unit(s.window, 2, 3))
		if b.style == house {
			if unit(s.window, 3, 3) < 0.5 && abs(x) > ww*0.26 {
				s.inside = s.inside.scale(0.45)
			}
			s.inside = s.inside.scale(0.75 + 0.35*y/wh)
			s.albedo = vec{0.05, 0.055, 0.065}
			if unit(s.window, 4, 3) < 0.35 && y > wh*(0.3+0.5*unit(s.window, 5, 3)) {
				s.albedo, s.glass = vec{0.5, 0.47, 0.42}, false // a blind
				s.inside = s.inside.scale(0.7)
			}
		} else {
			s.inside = mix(s.inside, vec{0.7, 0.85, 0.95}, 0.6).scale(0.7 + 0.3*y/wh)
			s.albedo = vec{0.045, 0.06, 0.075}
		}
		if b.style == far {
			s.inside = s.inside.scale(0.6)
		}
	}
}

// shop dresses the ground floor: glass between pillars, a board above.
func (s *surface) shop(b *box, face uint32, u, v, width float32, seed uint32) {
	pitch := width / max(1, floor(width/4+0.5))
	col := uint32(int32(floor(u / pitch)))
	x := (fract(u/pitch) - 0.5) * pitch
	id := hash(b.id*2+face, col+900, seed) | 1
	tint := []vec{{0.3, 0.035, 0.035}, {0.03, 0.14, 0.1}, {0.04, 0.08, 0.22}, {0.35, 0.2, 0.03}, {0.1, 0.1, 0.11}}[id>>3%5]
	half := pitch/2 - 0.22
	switch {
	case abs(x) > half:
		s.albedo, s.key = mix(b.wall, b.trim, 0.4), s.key+20
	case v > 3.3:
		s.key += 21
	case v > 2.75:
		// The board, with marks that look like letters.
		s.albedo, s.key = tint, s.key+22+id%900
		if v > 2.9 && v < 3.15 && abs(x) < half*0.62 {
			if letter := fract(x / 0.3); letter < 0.62 && unit(id, uint32(int32(floor(x/0.1))+200), uint32(int32(v*10))) < 0.72 {
				s.albedo = vec{0.75, 0.72, 0.62}
			}
			s.window, s.inside, s.key = id, vec{0.8, 0.75, 0.6}.scale(0.5).mul(s.albedo.scale(1.3)), s.key+1
		}
	case v < 0.45 && abs(x) > 0.5:
		s.albedo, s.key = tint.scale(0.8), s.key+23
	case half-abs(x) < 0.09 || v > 2.66 || abs(abs(x)-0.5) < 0.045:
		s.albedo, s.key = vec{0.09, 0.085, 0.08}, s.key+24
	default:
		s.window, s.glass = id, true
		s.albedo = vec{0.07, 0.065, 0.06}
		// Goods in the window.
		gx, gy := floor(u/0.32), floor(v/0.4)
		goods := unit(uint32(int32(gx)), uint32(int32(gy)), id)
		warm := mix(vec{0.85, 0.5, 0.22}, vec{0.7, 0.64, 0.5}, unit(id, 5, 5))
		s.inside = warm.scale(0.5 + 0.3*v/2.7)
		if v < 1.7 && goods > 0.45 && abs(x) > 0.5 {
			s.inside = s.inside.scale(0.35 + 0.5*goods).mul(vec{0.6 + 0.5*unit(id, uint32(int32(gx)), 8), 0.7, 0.5 + 0.5*unit(id, uint32(int32(gy)), 9)})
			s.albedo = s.albedo.mad(vec{0.12, 0.1, 0.08}, goods)
		}
		s.key += 40 + id%1777
		s.shade = lerp(0.5, 1, smooth(0, 0.5, 2.75-v))
	}
}

func boolean32(b bool) float32 {
	if b {
		return 1
	}
	return 0
}
