package demo

import "math"

// cyclist is a rider on a bicycle.
type cyclist struct {
	rider   person
	frame   vec
	at      vec
	heading vec
	rolled  float32
}

func newCyclist(id, seed uint32) cyclist {
	c := cyclist{rider: newPerson(id, seed), frame: paints[hash(id, 40, seed)%uint32(len(paints))]}
	c.rider.skirt, c.rider.coat = false, false
	c.rider.height = max(c.rider.height, 1.62)
	return c
}

// point is a place of the bicycle: along from its middle, height, side.
func (c *cyclist) point(along, y, side float32) vec {
	return c.at.mad(c.heading, along).add(vec{c.heading.z * side, y, -c.heading.x * side})
}

const (
	bikeWheel  = 0.34
	bikeAxle   = 0.53
	bikeCrank  = 0.17
	pedalRatio = 2.4
)

func (c *cyclist) draw(st *stage) {
	tube := func(a, b vec, r float32, color vec) { st.capsule(a, b, r, r, color) }
	for _, axle := range [2]float32{-bikeAxle, bikeAxle} {
		for i := range 14 {
			a, b := float32(i)*math.Pi/7, float32(i+1)*math.Pi/7
			tube(c.point(axle+bikeWheel*cos(a), bikeWheel+bikeWheel*sin(a), 0), c.point(axle+bikeWheel*cos(b), bikeWheel+bikeWheel*sin(b), 0), 0.02, rubber)
		}
	}
	crank, seat, head := c.point(-0.05, 0.3, 0), c.point(-0.22, 0.92, 0), c.point(0.38, 0.88, 0)
	tube(c.point(-bikeAxle, bikeWheel, 0), crank, 0.018, c.frame)
	tube(c.point(-bikeAxle, bikeWheel, 0), c.point(-0.19, 0.78, 0), 0.016, c.frame)
	tube(crank, seat, 0.02, c.frame)
	tube(crank, head, 0.024, c.frame)
	tube(c.point(-0.17, 0.74, 0), head, 0.022, c.frame)
	tube(head, c.point(bikeAxle, bikeWheel, 0), 0.02, c.frame)
	tube(c.point(0.36, 1.02, -0.26), c.point(0.36, 1.02, 0.26), 0.018, rubber)
	tube(head, c.point(0.36, 1.02, 0), 0.018, metal)
	tube(c.point(-0.32, 0.94, 0), c.point(-0.1, 0.95, 0), 0.045, rubber)

	h := c.rider.height
	turn := c.rolled / bikeWheel / pedalRatio
	var q pose
	q.hip = c.point(-0.2, 1.0, 0)
	q.neck = q.hip.mad(c.heading, 0.22*h*0.95).add(vec{0, 0.24 * h, 0})
	q.head = q.neck.mad(c.heading, 0.03*h).add(vec{0, 0.1 * h, 0})
	for i := range 2 {
		sign := float32(2*i - 1)
		a := turn + float32(i)*math.Pi
		q.hips[i] = q.hip.add(c.point(0, 0, sign*0.09).sub(c.at))
		q.ankles[i] = c.point(-0.05-bikeCrank*cos(a)-0.04, 0.3+bikeCrank*sin(a)+0.1, sign*0.12)
		q.toes[i] = q.ankles[i].mad(c.heading, 0.14).add(vec{0, -0.06, 0})
		q.knees[i] = joint(q.hips[i], q.ankles[i], 0.245*h, 0.24*h, c.heading)
		q.shoulders[i] = q.neck.add(c.point(0, -0.02, sign*0.17).sub(c.at))
		q.hands[i] = c.point(0.36, 1.04, sign*0.22)
		q.elbows[i] = joint(q.shoulders[i], q.hands[i], 0.17*h, 0.165*h, vec{0, -1, 0})
	}
	c.rider.draw(st, &q, c.heading)
	// A helmet.
	top := q.head.add(vec{0, 0.055 * h, 0})
	st.capsule(top.mad(c.heading, -0.05*h), top.mad(c.heading, 0.03*h), 0.058*h, 0.054*h, c.frame)
}

// joint is the knee or elbow between two ends, bent towards a direction.
func joint(a, b vec, la, lb float32, towards vec) vec {
	d := b.sub(a)
	dist := sqrt(d.dot(d))
	along := min(max((la*la-lb*lb+dist*dist)/(2*dist), 0), la)
	out := sqrt(max(la*la-along*along, 0))
	axis := d.scale(1 / dist)
	bend := towards.mad(axis, -towards.dot(axis)).norm()
	return a.mad(axis, along).mad(bend, out)
}

func (c *cyclist) shadows(st *stage) {
	st.contact(c.at, c.heading, 0.85, 0.18, 0.45)
	h := c.rider.height
	st.shade(c.point(-0.2, 1, 0), c.point(0.15, 1+0.24*h, 0), 0.13, 0.15)
	st.shade(c.point(-0.1, 0.95, 0), c.point(0, 0.3, 0), 0.1, 0.07)
	st.shade(c.point(0.2, 1+0.3*h, 0), c.point(0.2, 1+0.36*h, 0), 0.09, 0.09)
	st.shade(c.point(-bikeAxle, bikeWheel, 0), c.point(-bikeAxle, bikeWheel, 0), bikeWheel*0.8, bikeWheel*0.8)
	st.shade(c.point(bikeAxle, bikeWheel, 0), c.point(bikeAxle, bikeWheel, 0), bikeWheel*0.8, bikeWheel*0.8)
	st.shade(c.point(0.36, 1.02, 0), c.point(bikeAxle, bikeWheel, 0), 0.04, 0.03)
}
