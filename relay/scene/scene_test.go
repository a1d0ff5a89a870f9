package scene

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"sightline/vision/annot"
)

// Each file of testdata is a story in lines:
//
//	TIME SOURCE sees [ID:LABEL@X,Y,W,H ...]     detections of one picture
//	TIME SOURCE KIND began|ended|occurred [id=ID] [at=X,Y,W,H] [zone=Z] [rtp=N]
//	TIME SOURCE gone
//	-> TIME STATE KIND [LABEL] EVENT [by=WHO] [zone=Z]   what comes of it
//	# comment
//
// Times are seconds. Events are numbered e1, e2, ... as they begin. Between two
// lines the scene ticks whenever it asked to.
func TestStories(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) < 5 {
		t.Fatalf("%d stories: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) { play(t, file) })
	}
}

var start = time.Date(2026, 1, 2, 3, 0, 0, 0, time.UTC)

type story struct {
	t        *testing.T
	scene    *Scene
	at       string // file:line
	got      []string
	expected []string
}

func play(t *testing.T, file string) {
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	s := &story{t: t, scene: New(Config{Stream: "gate", NewID: func(time.Time) string { n++; return fmt.Sprint("e", n) }})}
	lines := bufio.NewScanner(f)
	for number := 1; lines.Scan(); number++ {
		line, _, _ := strings.Cut(lines.Text(), "#")
		words := strings.Fields(line)
		if len(words) == 0 {
			continue
		}
		if words[0] == "->" {
			s.expected = append(s.expected, strings.Join(words[1:], " "))
			continue
		}
		now := s.time(words[0])
		s.pass(now)
		s.check()
		s.at = fmt.Sprintf("%s:%d", file, number)
		s.step(now, words[1], words[2:])
	}
	s.pass(start.Add(24 * time.Hour))
	s.check()
	if s.scene.Ongoing() != 0 && !strings.Contains(file, "goes-on") {
		t.Errorf("%d events never end", s.scene.Ongoing())
	}
}

func (s *story) time(word string) time.Time {
	v, err := strconv.ParseFloat(strings.TrimSuffix(word, "s"), 64)
	if err != nil {
		s.t.Fatalf("%s: time %q", s.at, word)
	}
	return start.Add(time.Duration(v * float64(time.Second)))
}

// pass ticks as the scene asks, up to a moment.
func (s *story) pass(to time.Time) {
	for range 1000 {
		next := s.scene.Next()
		if next.IsZero() || next.After(to) {
			return
		}
		s.note(s.scene.Tick(next))
	}
	s.t.Fatalf("%s: the scene never stops ticking", s.at)
}

func (s *story) note(changes []Change) {
	for _, c := range changes {
		e := c.Event
		words := []string{strconv.FormatFloat(e.Time.Sub(start).Seconds(), 'f', -1, 64), string(e.State), e.Event}
		if e.Label != "" {
			words = append(words, e.Label)
		}
		words = append(words, e.ID, "by="+string(c.By))
		if e.Zone != "" {
			words = append(words, "zone="+e.Zone)
		}
		s.got = append(s.got, strings.Join(words, " "))
		if e.Stream != "gate" || c.Began.After(e.Time) {
			s.t.Errorf("%s: change %+v", s.at, c)
		}
	}
}

func (s *story) check() {
	s.t.Helper()
	if got, want := strings.Join(s.got, "\n\t"), strings.Join(s.expected, "\n\t"); got != want {
		s.t.Errorf("after %s:\ngot\n\t%s\nwant\n\t%s", s.at, got, want)
	}
	s.got, s.expected = nil, nil
}

func (s *story) step(now time.Time, source string, words []string) {
	key := annot.Key{Stream: "gate", Epoch: 7, RTP: uint32(now.Sub(start).Seconds() * ticks)}
	if len(words) == 0 {
		s.t.Fatalf("%s: what?", s.at)
	}
	switch words[0] {
	case "gone":
		s.note(s.scene.Gone(now, source))
		return
	case "sees":
		d := annot.Detections{Key: key, Time: now, Origin: originOf(source)}
		for _, w := range words[1:] {
			id, rest, _ := strings.Cut(w, ":")
			label, at, _ := strings.Cut(rest, "@")
			n, err := strconv.ParseUint(id, 10, 64)
			if err != nil {
				s.t.Fatalf("%s: object %q", s.at, w)
			}
			d.Objects = append(d.Objects, annot.Object{ID: n, Label: label, Score: 0.9, Box: s.box(at)})
		}
		s.note(s.scene.Detections(now, source, d))
		return
	}
	r := annot.Event{Key: key, Event: words[0], State: annot.State(words[1]), ID: "x", Origin: originOf(source)}
	for _, w := range words[2:] {
		name, value, _ := strings.Cut(w, "=")
		switch name {
		case "id":
			r.ID = value
		case "at":
			b := s.box(value)
			r.Box = &b
		case "zone":
			r.Zone = value
		case "rtp":
			r.RTP = uint32(s.time(value).Sub(start).Seconds() * ticks)
		default:
			s.t.Fatalf("%s: %q", s.at, w)
		}
	}
	s.note(s.scene.Report(now, source, r, nil))
}

func (s *story) box(text string) annot.Box {
	var b annot.Box
	if n, err := fmt.Sscanf(text, "%g,%g,%g,%g", &b.X, &b.Y, &b.W, &b.H); n != 4 || err != nil {
		s.t.Fatalf("%s: box %q", s.at, text)
	}
	return b
}

// A client that invents events without end fills its bounds and no more.
func TestBounds(t *testing.T) {
	n := 0
	s := New(Config{Stream: "gate", NewID: func(time.Time) string { n++; return fmt.Sprint(n) }})
	for i := range 5000 {
		b := annot.Box{X: float32(i%70) / 70, Y: float32(i/70) / 70, W: 0.001, H: 0.001}
		s.Report(start, "ws-1", annot.Event{Event: "light-on", State: annot.Began, ID: fmt.Sprint(i), Box: &b}, nil)
		s.Report(start, "ws-1", annot.Event{Event: "glare", State: annot.Occurred, ID: fmt.Sprint(i), Box: &b}, nil)
		s.Detections(start, "ws-1", annot.Detections{Objects: []annot.Object{{ID: uint64(i + 1), Label: "person", Box: b}}})
	}
	if len(s.events) > maxOngoing || len(s.tracks) > maxTracks || len(s.shorts) > maxOngoing {
		t.Errorf("%d events, %d tracks, %d short ones", len(s.events), len(s.tracks), len(s.shorts))
	}
	if s.Dropped() == 0 {
		t.Error("nothing counted as left out")
	}
	s.Gone(start, "ws-1")
	for range 3 {
		if next := s.Next(); !next.IsZero() {
			s.Tick(next)
		}
	}
	if s.Ongoing() != 0 || len(s.tracks) != 0 {
		t.Errorf("%d events and %d tracks outlive their source", s.Ongoing(), len(s.tracks))
	}
}
