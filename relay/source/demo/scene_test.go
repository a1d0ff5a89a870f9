package demo

import (
	"flag"
	"fmt"
	"image/png"
	"os"
	"syscall"
	"testing"
	"time"
)

var look = flag.String("look", "", "folder for large pictures of the scene, to look at")

// TestPNG writes pictures of the day's hours; with -look large ones to keep.
func TestPNG(t *testing.T) {
	dir, c := t.TempDir(), SceneConfig{Width: 320, Height: 180, FPS: 25, Seed: 1, Day: DefaultDay}
	if *look != "" {
		dir, c.Width, c.Height = *look, DefaultWidth, DefaultHeight
	}
	s, err := NewScene(c)
	if err != nil {
		t.Fatal(err)
	}
	p := NewPicture(c.Width, c.Height)
	for _, hour := range []float64{12, 19, 23} {
		s = s.with(Script{Hour: hour})
		for _, n := range []int64{200, 1310, 1690} {
			s.Render(p, n, fixedClock)
			path := fmt.Sprintf("%s/hour-%v-%d.png", dir, hour, n)
			f, err := os.Create(path)
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
}

// BenchmarkCamera is the work for one picture: drawing and encoding.
func BenchmarkCamera(b *testing.B) {
	for _, c := range []struct {
		name  string
		hour  float64
		noise bool
	}{{"day", 12, false}, {"dusk", 0, false}, {"night", 23, false}, {"day-noise", 12, true}} {
		sc := SceneConfig{Width: 1280, Height: 720, FPS: 25, Seed: 1, Day: DefaultDay, Noise: c.noise, Script: Script{Hour: c.hour}}
		s, err := NewScene(sc)
		if err != nil {
			b.Fatal(err)
		}
		p := NewPicture(1280, 720)
		first := int64(1000)
		if c.hour == 0 {
			first = 25 * 145 // the light changes in each picture
		}
		b.Run(c.name+"/draw", func(b *testing.B) {
			n := first
			for b.Loop() {
				s.Render(p, n, time.Unix(n, 0))
				n++
			}
		})
		b.Run(c.name+"/camera", func(b *testing.B) {
			_, ec := (&Source{}).settings()
			e, err := newEncoder(ec)
			if err != nil {
				b.Fatal(err)
			}
			defer e.close()
			n, size, before := first, 0, cpuTime(b)
			for b.Loop() {
				s.Render(p, n, time.Unix(n, 0))
				nalus, _, err := e.encode(p, n*3600)
				if err != nil {
					b.Fatal(err)
				}
				for _, u := range nalus {
					size += len(u)
				}
				n++
			}
			b.ReportMetric((cpuTime(b)-before).Seconds()/float64(b.N)*25*100, "%core@25fps")
			b.ReportMetric(float64(size)*8*25/float64(b.N)/1000, "kbit/s")
		})
	}
}

// cpuTime is what the process has used of the processors so far.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func BenchmarkNewScene(b *testing.B) {
	for b.Loop() {
		if _, err := NewScene(SceneConfig{Width: 1280, Height: 720, FPS: 25, Seed: 1, Day: DefaultDay}); err != nil {
			b.Fatal(err)
		}
	}
}
