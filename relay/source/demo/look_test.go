package demo

import (
	"fmt"
	"image/png"
	"os"
	"testing"
	"time"
)

// TestLook writes pictures to look at into the folder SIGHTLINE_LOOK.
func TestLook(t *testing.T) {
	dir := os.Getenv("SIGHTLINE_LOOK")
	if dir == "" {
		t.Skip("set SIGHTLINE_LOOK to a folder to get pictures of the scene")
	}
	for _, hour := range []float64{12, 19, 23} {
		start := time.Now()
		s, err := NewScene(SceneConfig{Width: 1280, Height: 720, FPS: 25, Seed: 1, Day: DefaultDay, Script: Script{Hour: hour}})
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("built in %v", time.Since(start))
		p := NewPicture(1280, 720)
		start = time.Now()
		s.Render(p, 1015, time.Date(2026, 1, 2, 15, 4, 5, 678e6, time.UTC))
		t.Logf("drawn in %v", time.Since(start))
		f, err := os.Create(fmt.Sprintf("%s/hour-%v.png", dir, hour))
		if err != nil {
			t.Fatal(err)
		}
		if err := png.Encode(f, p.RGBA()); err != nil {
			t.Fatal(err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
