package frame

import (
	"testing"

	"sightline/shaders"
)

func TestSize(t *testing.T) {
	for rotation, want := range map[int][2]int{0: {640, 360}, 90: {360, 640}, 180: {640, 360}, 270: {360, 640}} {
		w, h := Info{VisibleWidth: 640, VisibleHeight: 360, Rotation: rotation}.Size()
		if w != want[0] || h != want[1] {
			t.Errorf("rotation %d: %d x %d, want %v", rotation, w, h, want)
		}
	}
}

func TestPlanes(t *testing.T) {
	for _, c := range []struct {
		name string
		info Info
		ok   bool
		size int
	}{
		{"I420", Info{Format: "I420", Matrix: "bt709", VisibleWidth: 64, VisibleHeight: 48}, true, 64 * 48 * 3 / 2},
		{"NV12, odd size", Info{Format: "NV12", VisibleWidth: 33, VisibleHeight: 17}, true, 33*17 + 2*17*9},
		{"odd corner copies one more column and row", Info{Format: "I420", VisibleX: 3, VisibleY: 5, VisibleWidth: 31, VisibleHeight: 15}, true, 32 * 16 * 3 / 2},
		{"opaque", Info{VisibleWidth: 64, VisibleHeight: 48}, false, 0},
		{"RGB", Info{Format: "RGBX", VisibleWidth: 64, VisibleHeight: 48}, false, 0},
		{"unknown matrix", Info{Format: "I420", Matrix: "rgb", VisibleWidth: 64, VisibleHeight: 48}, false, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			f, size, ok := c.info.Planes()
			if ok != c.ok || size != c.size {
				t.Fatalf("size %d, %v; want %d, %v", size, ok, c.size, c.ok)
			}
			if !ok {
				return
			}
			if f.VisibleX != c.info.VisibleX&1 || f.VisibleY != c.info.VisibleY&1 {
				t.Errorf("visible corner %d, %d", f.VisibleX, f.VisibleY)
			}
			if _, err := f.Params(size); err != nil {
				t.Errorf("the planes do not fit: %v", err)
			}
		})
	}
	if f, _, _ := (Info{Format: "I420", Matrix: "smpte170m", FullRange: true, VisibleWidth: 2, VisibleHeight: 2}).Planes(); f.Matrix != shaders.BT601 || !f.FullRange {
		t.Errorf("matrix %v, full range %v", f.Matrix, f.FullRange)
	}
}
