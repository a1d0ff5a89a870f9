package picture

import (
	"slices"
	"time"
)

// Path is the way of a frame's pixels into the shaders.
type Path string

// The paths, with the names that the page uses.
const (
	Planes   Path = "planes"   // copied into a storage buffer
	External Path = "external" // imported as an external texture
)

// Choice finds the faster path for frames that can go both ways, by a micro-run on the first of them:
// each path is taken a few times, the first of them unmeasured (it pays for pipelines and memory).
// What is faster depends on GPU, browser and where frames are decoded. The zero Choice is ready.
type Choice struct {
	runs    map[Path][]time.Duration
	decided Path
}

const (
	// measured runs of each path, after one that is not counted.
	measuredRuns = 3
	// hopeless is how many times slower than the other path ends a path's run at once: a slow path
	// would be seen as a stutter.
	hopeless = 4
)

// Next is the path for the next frame that can go both ways.
func (c *Choice) Next() Path {
	if c.decided != "" {
		return c.decided
	}
	if len(c.runs[Planes]) <= measuredRuns {
		return Planes
	}
	return External
}

// Measured states how long a frame took on the path that Next gave.
func (c *Choice) Measured(path Path, took time.Duration) {
	if c.decided != "" {
		return
	}
	if c.runs == nil {
		c.runs = map[Path][]time.Duration{}
	}
	c.runs[path] = append(c.runs[path], took)
	planes, external := c.runs[Planes], c.runs[External]
	if len(planes) <= measuredRuns || len(external) < 2 {
		return
	}
	reference := median(planes[1:])
	switch {
	case external[len(external)-1] > hopeless*reference:
		c.decided = Planes
	case len(external) <= measuredRuns:
	case median(external[1:]) < reference:
		c.decided = External
	default:
		c.decided = Planes
	}
	if c.decided != "" {
		c.runs = nil
	}
}

// Failed states that a path does not work; the other one is taken from now on.
func (c *Choice) Failed(path Path) {
	c.decided = Planes
	if path == Planes {
		c.decided = External
	}
}

func median(list []time.Duration) time.Duration {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
