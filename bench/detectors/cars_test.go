//go:build !race

package detectors

import (
	"slices"
	"testing"
	"time"

	"sightline/shaders/ref"
	"sightline/vision/annot"
)

// Another kind of background model: the median of each pixel over pictures of the whole clip, each
// brought to the brightness of the first by its own median.
type medianModel struct {
	width, height int
	background    []byte
}

// brightness is the median luma of a picture.
func brightness(luma []byte) int {
	var histogram [256]int
	for _, v := range luma {
		histogram[v]++
	}
	for v, n := 0, 0; ; v++ {
		if n += histogram[v]; 2*n >= len(luma) {
			return max(v, 1)
		}
	}
}

func newMedianModel(width, height int, pictures [][]byte) medianModel {
	m := medianModel{width, height, make([]byte, width*height)}
	level := brightness(pictures[0])
	values := make([]int, len(pictures))
	levels := make([]int, len(pictures))
	for i, p := range pictures {
		levels[i] = brightness(p)
	}
	for at := range m.background {
		for i, p := range pictures {
			values[i] = int(p[at]) * level / levels[i]
		}
		slices.Sort(values)
		m.background[at] = byte(min(values[len(values)/2], 255))
	}
	return m
}

// blobs are the boxes of what differs from the background, by flood fill, and their areas in pixels.
func (m medianModel) blobs(luma []byte, least int) (boxes []annot.Box) {
	level, own := brightness(m.background), brightness(luma)
	differs := make([]bool, len(luma))
	for at, v := range luma {
		d := int(v)*level/own - int(m.background[at])
		differs[at] = d > 28 || d < -28
	}
	// A pixel counts if most of the five by five around it differ: specks go, gaps close.
	solid := make([]bool, len(luma))
	for y := 2; y < m.height-2; y++ {
		for x := 2; x < m.width-2; x++ {
			n := 0
			for dy := -2; dy <= 2; dy++ {
				for dx := -2; dx <= 2; dx++ {
					if differs[(y+dy)*m.width+x+dx] {
						n++
					}
				}
			}
			solid[y*m.width+x] = n >= 11
		}
	}
	var stack []int
	for at := range solid {
		if !solid[at] {
			continue
		}
		left, top, right, bottom, area := m.width, m.height, 0, 0, 0
		stack = append(stack[:0], at)
		solid[at] = false
		for len(stack) > 0 {
			p := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			x, y := p%m.width, p/m.width
			left, top, right, bottom = min(left, x), min(top, y), max(right, x+1), max(bottom, y+1)
			area++
			// Reaching over three pixels: the parts of a car are one thing.
			for ny := max(y-3, 0); ny <= min(y+3, m.height-1); ny++ {
				for nx := max(x-3, 0); nx <= min(x+3, m.width-1); nx++ {
					if q := ny*m.width + nx; solid[q] {
						solid[q] = false
						stack = append(stack, q)
					}
				}
			}
		}
		if area >= least {
			boxes = append(boxes, annot.Box{X: float32(left) / float32(m.width), Y: float32(top) / float32(m.height),
				W: float32(right-left) / float32(m.width), H: float32(bottom-top) / float32(m.height)})
		}
	}
	return boxes
}

// The boxes of motion on the clip of cars are those of a background model of another kind.
func TestMotionFindsCars(t *testing.T) {
	const width, height, fps = 768, 432, 12.5
	path := video(t, "car-detection.mp4")
	var lumas [][]byte
	decode(t, nil, width/2, height/2, func(_ int, rgba []byte) {
		luma := make([]byte, len(rgba)/4)
		for i := range luma {
			luma[i] = byte((299*int(rgba[4*i]) + 587*int(rgba[4*i+1]) + 114*int(rgba[4*i+2])) / 1000)
		}
		lumas = append(lumas, luma)
	}, "-i", path)
	var sampled [][]byte
	for n := 0; n < len(lumas); n += 9 {
		sampled = append(sampled, lumas[n])
	}
	reference := newMedianModel(width/2, height/2, sampled)
	// A car is about 60 by 90 pixels here.
	const carArea = 1200

	m := newMover(width, height)
	var cars, found, frames int
	var iou, ourArea, theirArea float64
	decode(t, nil, width, height, func(n int, rgba []byte) {
		boxes, r, _ := m.frame(t, time.Duration(float64(n)/fps*float64(time.Second)), ref.Pixels{Width: width, Height: height, RGBA: rgba})
		if n < 26 {
			return // the background is not learned yet
		}
		frames++
		theirs := reference.blobs(lumas[n], 150)
		for _, b := range boxes {
			ourArea += float64(b.W * b.H)
		}
		for _, b := range theirs {
			theirArea += float64(b.W * b.H)
		}
		for _, b := range reference.blobs(lumas[n], carArea) {
			best := float32(0)
			for _, o := range boxes {
				best = max(best, o.IoU(b))
			}
			cars++
			iou += float64(best)
			if best >= 0.2 {
				found++
			} else {
				t.Logf("frame %d: car %.2f missed (best %.2f of %.2f; moving %d shadow %d)", n, b, best, boxes, r.Moving, r.Shadow)
			}
		}
	}, "-i", path)
	if cars < 100 {
		t.Fatalf("only %d car-sized blobs: the reference is wrong", cars)
	}
	mean, recall, area := iou/float64(cars), float64(found)/float64(cars), ourArea/theirArea
	t.Logf("%d frames after the first two seconds, %d car-sized blobs: mean IoU %.3f, recall %.3f, area %.2f of the reference's", frames, cars, mean, recall, area)
	if mean < 0.4 {
		t.Errorf("mean IoU %.3f, want at least 0.4", mean)
	}
	if recall < 0.9 {
		t.Errorf("recall %.3f, want at least 0.9", recall)
	}
	if area > 2 {
		t.Errorf("area %.2f of the reference's, want at most 2", area)
	}
}
