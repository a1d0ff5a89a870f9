package track

import "sightline/vision/annot"

// Noise of the motion model, in sizes of the object: a detector's box is off
// by a twentieth of it, and a walking person may stop within half a second.
const (
	measured     = 0.05 // standard deviation of a measured side
	acceleration = 1.0  // of the centre, per s^1.5
	growth       = 0.3  // of the size, per s^1.5
	firstSpeed   = 1.0  // standard deviation of what is not known yet, per s
)

// motion is the Kalman filter of one box: centre and size with their
// velocities. The four dimensions do not influence each other, so that each
// has a filter of two values.
type motion struct {
	x, y, w, h line
}

// line is a position that changes at a constant rate, with its covariance.
type line struct {
	p, v       float32
	pp, pv, vv float32
}

func newMotion(b annot.Box) motion {
	size := (b.W + b.H) / 2
	r, s := square(measured*size), square(firstSpeed*size)
	start := func(p, vv float32) line { return line{p: p, pp: r, vv: vv} }
	return motion{start(b.X+b.W/2, s), start(b.Y+b.H/2, s), start(b.W, s/10), start(b.H, s/10)}
}

func square(v float32) float32 { return v * v }

func (m *motion) size() float32 { return max((m.w.p+m.h.p)/2, 1e-3) }

func (m *motion) predict(dt float32) {
	q, g := square(acceleration*m.size()), square(growth*m.size())
	m.x.predict(dt, q)
	m.y.predict(dt, q)
	m.w.predict(dt, g)
	m.h.predict(dt, g)
	// A box cannot shrink away while it is out of sight.
	m.w.p, m.h.p = max(m.w.p, 1e-3), max(m.h.p, 1e-3)
}

func (m *motion) correct(b annot.Box) {
	r := square(measured * (b.W + b.H) / 2)
	m.x.correct(b.X+b.W/2, r)
	m.y.correct(b.Y+b.H/2, r)
	m.w.correct(b.W, r)
	m.h.correct(b.H, r)
}

// box is the predicted box, which may reach beyond the picture.
func (m *motion) box() annot.Box {
	return annot.Box{X: m.x.p - m.w.p/2, Y: m.y.p - m.h.p/2, W: m.w.p, H: m.h.p}
}

// velocity is how fast the corner and the size of the box change.
func (m *motion) velocity() annot.Box {
	return annot.Box{X: m.x.v - m.w.v/2, Y: m.y.v - m.h.v/2, W: m.w.v, H: m.h.v}
}

// predict goes dt seconds on; the speed is a random walk of variance q per
// second.
func (l *line) predict(dt, q float32) {
	l.p += dt * l.v
	l.pp += dt * (2*l.pv + dt*l.vv + q*dt*dt/3)
	l.pv += dt * (l.vv + q*dt/2)
	l.vv += q * dt
}

// correct takes a measurement of variance r.
func (l *line) correct(p, r float32) {
	s := l.pp + r
	if !(s > 0) {
		return
	}
	kp, kv := l.pp/s, l.pv/s
	off := p - l.p
	l.p += kp * off
	l.v += kv * off
	l.vv -= kv * l.pv
	l.pv -= kp * l.pv
	l.pp -= kp * l.pp
}
