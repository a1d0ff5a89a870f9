package picture

import "testing"

func TestFitView(t *testing.T) {
	for _, c := range []struct {
		canvas, picture [2]int
		want            [4]float32
	}{
		{[2]int{640, 360}, [2]int{640, 360}, [4]float32{0, 0, 640, 360}},
		{[2]int{568, 319}, [2]int{768, 432}, [4]float32{0, 0, 568, 319}}, // 567 by ratio
		{[2]int{569, 322}, [2]int{768, 432}, [4]float32{0, 0, 569, 322}}, // 320 by ratio
		{[2]int{1000, 360}, [2]int{640, 360}, [4]float32{180, 0, 640, 360}},
		{[2]int{640, 400}, [2]int{640, 360}, [4]float32{0, 20, 640, 360}},
	} {
		v := fitView(c.canvas[0], c.canvas[1], c.picture[0], c.picture[1], 1)
		if got := [4]float32{v.X, v.Y, v.Width, v.Height}; got != c.want {
			t.Errorf("%v on %v: %v, want %v", c.picture, c.canvas, got, c.want)
		}
	}
}
