package ref

import (
	"math/bits"

	"sightline/shaders"
	"sightline/vision/motion"
)

// Mask is one bit for each pixel, as lib/motion.wgsl lays it out.
type Mask struct {
	Width, Height, Words int
	Bits                 []uint32
}

// NewMask returns an empty mask.
func NewMask(width, height int) Mask {
	words := (width + 31) / 32
	return Mask{width, height, words, make([]uint32, words*height)}
}

// Set tells whether a pixel's bit is set.
func (m Mask) Set(x, y int) bool { return m.Bits[y*m.Words+x/32]>>(x%32)&1 != 0 }

// Morphology is motion_morphology.wgsl: it erodes the mask or else dilates it, by radius pixels.
func (m Mask) Morphology(erode bool, radius int) Mask {
	inside := func(x int) uint32 {
		if n := m.Width - 32*x; n < 32 {
			return 1<<n - 1
		}
		return ^uint32(0)
	}
	outside := uint32(0)
	if erode {
		outside = ^uint32(0)
	}
	load := func(x, y int) uint32 {
		switch {
		case x < 0 || y < 0 || x >= m.Words || y >= m.Height:
			return outside
		case erode:
			return m.Bits[y*m.Words+x] | ^inside(x)
		}
		return m.Bits[y*m.Words+x]
	}
	after := NewMask(m.Width, m.Height)
	for y := range m.Height {
		for x := range m.Words {
			made := outside
			for dy := -radius; dy <= radius; dy++ {
				left, here, right := load(x-1, y+dy), load(x, y+dy), load(x+1, y+dy)
				row := here
				for d := 1; d <= radius; d++ {
					fromLeft, fromRight := here<<d|left>>(32-d), here>>d|right<<(32-d)
					if erode {
						row &= fromLeft & fromRight
					} else {
						row |= fromLeft | fromRight
					}
				}
				if erode {
					made &= row
				} else {
					made |= row
				}
			}
			after.Bits[y*m.Words+x] = made & inside(x)
		}
	}
	return after
}

// run is a row of set bits of one word.
type run struct {
	y, left, right int // right is the last pixel
	parent         int
}

// runs returns the runs in the order of their numbers.
func (m Mask) runs() []run {
	var list []run
	for i, rest := range m.Bits {
		for rest != 0 {
			start := bits.TrailingZeros32(rest)
			length := bits.TrailingZeros32(^(rest >> start))
			rest &^= uint32(uint64(1)<<length-1) << start
			left := i%m.Words*32 + start
			list = append(list, run{i / m.Words, left, left + length - 1, len(list)})
		}
	}
	return list
}

// Regions returns the regions of at least so many pixels, the first MotionBoxes of them.
func (m Mask) Regions(leastArea int) []motion.Region {
	var r motion.Result
	m.regions(leastArea, &r)
	return r.Regions
}

// regions is motion_regions.wgsl, in all its four steps.
func (m Mask) regions(leastArea int, result *motion.Result) {
	list := m.runs()
	find := func(i int) int {
		for list[i].parent != i {
			i = list[i].parent
		}
		return i
	}
	above := 0 // the first run that may touch the current one
	for i := range list {
		for list[above].y < list[i].y-1 {
			above++
		}
		for j := above; j < i; j++ {
			a, b := &list[j], &list[i]
			if b.left <= a.right+1 && a.left <= b.right+1 {
				x, y := find(i), find(j)
				list[max(x, y)].parent = min(x, y)
			}
		}
	}
	extents := make([]motion.Region, len(list))
	for i, r := range list {
		e := &extents[find(i)]
		if e.Area == 0 {
			*e = motion.Region{Left: r.left, Top: r.y}
		}
		e.Left, e.Right, e.Bottom = min(e.Left, r.left), max(e.Right, r.right+1), r.y+1
		e.Area += r.right - r.left + 1
	}
	for i := range list {
		if list[i].parent == i && extents[i].Area >= leastArea {
			result.Found++
			if len(result.Regions) < shaders.MotionBoxes {
				result.Regions = append(result.Regions, extents[i])
			}
		}
	}
}
