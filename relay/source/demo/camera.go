package demo

import "math"

// camera is a pinhole camera above the pavement that looks along the street.
type camera struct {
	pos, right, up, fwd vec
	focal, cx, cy       float32 // pixels
}

// point is a place in the picture, in pixels.
type point struct{ x, y float32 }

func newCamera(width, height int) camera {
	const yaw, pitch = -20 * math.Pi / 180, -10 * math.Pi / 180
	c := camera{pos: vec{9, 5.6, -2}, cx: float32(width) / 2, cy: float32(height) / 2}
	// The same view whatever the format: at least 62 degrees across, 37 down.
	c.focal = 0.832 * max(float32(width), float32(height)*16/9)
	c.fwd = vec{sin(yaw) * cos(pitch), sin(pitch), cos(yaw) * cos(pitch)}
	c.right = vec{cos(yaw), 0, -sin(yaw)}
	c.up = c.fwd.cross(c.right)
	return c
}

// project returns where a world point is seen and its depth along the view;
// depth below near means it is beside or behind the camera.
func (c *camera) project(v vec) (p point, depth float32) {
	d := v.sub(c.pos)
	depth = d.dot(c.fwd)
	k := c.focal / max(depth, 0.1)
	return point{c.cx + d.dot(c.right)*k, c.cy - d.dot(c.up)*k}, depth
}

// near is the least depth at which something is drawn.
const near = 1.5

// ray returns the direction of view through a place in the picture.
func (c *camera) ray(x, y float32) vec {
	return c.fwd.mad(c.right, (x-c.cx)/c.focal).mad(c.up, (c.cy-y)/c.focal).norm()
}
