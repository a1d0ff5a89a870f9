package picture

import (
	"testing"
	"time"
)

func TestChoice(t *testing.T) {
	const ms = time.Millisecond
	for _, c := range []struct {
		name             string
		planes, external time.Duration
		want             Path
		frames           int
	}{
		{"software", 1 * ms, 3 * ms, Planes, 8},
		{"hardware", 5 * ms, 1 * ms, External, 8},
		{"equal keeps planes", 2 * ms, 2 * ms, Planes, 8},
		{"hopeless ends early", 20 * ms, 190 * ms, Planes, 6},
	} {
		t.Run(c.name, func(t *testing.T) {
			var choice Choice
			for frame := range c.frames {
				if choice.decided != "" {
					t.Fatalf("decided before frame %d", frame)
				}
				path := choice.Next()
				took := c.planes
				if path == External {
					took = c.external
				}
				if frame == 0 {
					took += 500 * ms // compiles
				}
				choice.Measured(path, took)
			}
			if choice.decided != c.want || choice.Next() != c.want {
				t.Errorf("decided %q, want %q", choice.decided, c.want)
			}
		})
	}
}

func TestChoiceFailed(t *testing.T) {
	var c Choice
	c.Failed(External)
	if c.Next() != Planes {
		t.Error("external failed, yet planes are not taken")
	}
	c = Choice{}
	c.Failed(Planes)
	if c.Next() != External {
		t.Error("planes failed, yet external is not taken")
	}
}
