package annotations

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"sightline/vision/annot"
)

func key(rtp uint32) annot.Key { return annot.Key{Stream: "gate", Epoch: 7, RTP: rtp} }

func seen(rtp uint32, label string) annot.Detections {
	return annot.Detections{Key: key(rtp), Origin: annot.Relay, Model: "test", Objects: []annot.Object{
		{ID: 1, Label: label, Score: 0.9, Box: annot.Box{X: 0.1, Y: 0.1, W: 0.2, H: 0.2}, Velocity: &annot.Box{X: 0.2}}}}
}

func drawn(s *Stream, rtp uint32) string {
	text := ""
	for _, b := range s.Draw(rtp, nil) {
		kind := "found"
		if b.Predicted {
			kind = "predicted"
		}
		text += fmt.Sprintf("%s %s %s %.2f;", b.Origin, kind, b.Label, b.X)
	}
	return text
}

func TestDraw(t *testing.T) {
	s := NewStream()
	start := uint32(0xffff_f000) // timestamps wrap on the way
	s.Take(seen(start, "a"))
	s.Take(seen(start+18000, "b"))
	own := seen(start+9000, "own")
	own.Origin, own.Model = annot.Client, "motion"
	s.Take(own)
	for _, c := range []struct {
		ahead uint32
		want  string
	}{
		{0, "relay found a 0.10;"},
		{9000, "relay predicted a 0.12;client found own 0.10;"},
		{18000, "relay found b 0.10;client predicted own 0.12;"},
		{36000, "relay predicted b 0.14;client predicted own 0.16;"},
		{18000 + 45000, "relay predicted b 0.20;"},
		{18000 + 45001, ""},
	} {
		if got := drawn(s, start+c.ahead); got != c.want {
			t.Errorf("%d ticks later: %q, want %q", c.ahead, got, c.want)
		}
	}
	if got := drawn(NewStream(), start); got != "" {
		t.Errorf("nothing known, drawn %q", got)
	}
	early := NewStream()
	early.Take(seen(start, "a"))
	if got := drawn(early, start-3000); got != "" {
		t.Errorf("before its picture: %q", got)
	}
}

func TestAnotherEpoch(t *testing.T) {
	s := NewStream()
	s.Take(seen(1000, "a"))
	other := seen(90000, "b")
	other.Epoch = 8
	s.Take(other)
	if got := drawn(s, 1000); got != "" {
		t.Errorf("of the epoch before: %q", got)
	}
}

func TestHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := NewStream()
		if d := s.Wait(1000); d != 0 {
			t.Errorf("held %v for nothing", d)
		}
		s.Take(annot.Analysing{Key: key(1000)})
		go func() {
			time.Sleep(5 * time.Millisecond)
			s.Take(annot.Analysing{Key: key(4000)})
			time.Sleep(5 * time.Millisecond)
			s.Take(seen(1000, "a"))
		}()
		if d := s.Wait(1000); d != 10*time.Millisecond || drawn(s, 1000) != "relay found a 0.10;" {
			t.Errorf("held %v", d)
		}
		if d := s.Wait(4000); d != MaxHold || s.Pending(1000) {
			t.Errorf("held %v", d)
		}
		if got := drawn(s, 4000); got != "relay predicted a 0.11;" {
			t.Errorf("drawn %q", got)
		}
		s.Take(seen(4000, "b"))
		want := Counts{Announced: 2, Arrived: 1, Late: 1, Shown: 1, Missed: 1, Held: 2, HeldFor: 40 * time.Millisecond}
		if c := s.Counts(); c != want {
			t.Errorf("%+v", c)
		}
	})
}

func TestBounds(t *testing.T) {
	s := NewStream()
	for i := range uint32(5000) {
		d := seen(i*977%70000, fmt.Sprint(i))
		d.Model = fmt.Sprint(i % 50)
		s.Take(d)
		s.Take(annot.Analysing{Key: key(i * 31)})
	}
	if len(s.pictures) > maxPictures || len(s.newest) > maxSources {
		t.Errorf("%d pictures, %d sources", len(s.pictures), len(s.newest))
	}
	for i := 1; i < len(s.pictures); i++ {
		if s.pictures[i].rtp <= s.pictures[i-1].rtp {
			t.Fatal("pictures are out of order")
		}
	}
}

// Every sample of vision/annot is taken without harm.
func TestSamples(t *testing.T) {
	files, err := filepath.Glob("../../vision/annot/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d samples: %v", len(files), err)
	}
	s := NewStream()
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		m, err := annot.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		s.Take(m)
	}
	if c := s.Counts(); c.Arrived == 0 {
		t.Errorf("%+v", c)
	}
}
