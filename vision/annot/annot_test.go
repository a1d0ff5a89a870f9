package annot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

var at = time.Date(2026, 1, 2, 15, 4, 5, 123e6, time.UTC)

// samples are the messages of testdata, by file.
var samples = map[string]Message{
	"analysing": Analysing{Key{"gate", 7, 2483920331}},
	"detections": Detections{Key: Key{"gate", 7, 2483920331}, Time: at, Origin: Relay, Model: "fastestdet", Objects: []Object{
		{ID: 42, Label: "person", Score: 0.93, Box: Box{0.12, 0.08, 0.21, 0.16}, Velocity: &Box{0.1, 0, -0.02, 0.01}},
		{Label: "dog", Score: 0.51, Box: Box{0.5, 0.5, 0.25, 0.5}}}},
	"detections_none": Detections{Key: Key{"gate", 7, 2483938331}, Time: at.Add(200 * time.Millisecond), Origin: Client, Model: "motion"},
	"event": Event{Key: Key{"gate", 7, 2483920331}, Time: at, Event: "loitering", State: Began, ID: "01JGK9W5X0000000000000000",
		Origin: Relay, Objects: []uint64{42}, Label: "person", Zone: "door", Box: &Box{0.12, 0.08, 0.21, 0.16}},
	"event_short": Event{Key: Key{"gate", 7, 2483920331}, Time: at, Event: "lens-covered", State: Ended, ID: "01JGK9W5X0000000000000001"},
	"drop":        Drop{Stream: "gate", Time: at, Place: "kernel", Reason: "SOCKET_RCVBUFF", Packets: 17},
	"stall": Stall{Stream: "gate", Time: at, Risk: 0.91, Lead: 3400 * time.Millisecond, Reason: "kernel SOCKET_RCVBUFF",
		Advice: "Raise net.core.rmem_max"},
}

func TestSamples(t *testing.T) {
	files, err := filepath.Glob("testdata/*.json")
	if err != nil || len(files) != len(samples) {
		t.Fatalf("%d files, %d messages, %v", len(files), len(samples), err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		text = bytes.TrimSpace(text)
		want := samples[strings.TrimSuffix(filepath.Base(file), ".json")]
		got, err := Decode(text)
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: read as %+v, %v; want %+v", file, got, err, want)
			continue
		}
		if again := Append(nil, got); string(again) != string(text) {
			t.Errorf("%s: written as\n%s, not\n%s", file, again, text)
		}
	}
}

func TestUnknownMessagesAndFields(t *testing.T) {
	for _, text := range []string{`{"v":2,"type":"analysing"}`, `{"v":1,"type":"hologram"}`, `{}`} {
		if _, err := Decode([]byte(text)); !errors.Is(err, ErrUnknown) {
			t.Errorf("%s: %v", text, err)
		}
	}
	m, err := Decode([]byte(`{"type":"analysing","x":[{"y":1}],"rtp":1,"stream":"a","epoch":2,"v":1}`))
	if err != nil || m != (Analysing{Key{"a", 2, 1}}) {
		t.Errorf("%+v, %v", m, err)
	}
}

const prefix = `{"v":1,"type":"detections","stream":"g","epoch":1,"rtp":2,"ts":"2026-01-02T15:04:05Z","origin":"relay","model":"m","objects":`

var bad = map[string]string{
	`{"v":1,"type":"analysing","stream":"a","epoch":2}`:                         "rtp: is missing",
	`{"v":1,"type":"analysing","stream":"a","epoch":2,"rtp":4294967296}`:        "32 bits",
	`{"v":1,"type":"analysing","stream":"","epoch":2,"rtp":1}`:                  "stream: is empty",
	`{"v":1,"type":"analysing","stream":"a","epoch":2,"rtp":1,"rtp":2}`:         "rtp: comes twice",
	`{"v":1,"type":"analysing","stream":"a","epoch":2,"rtp":1} {}`:              "after the end",
	prefix + `[{"label":"x","score":0.5}]}`:                                     "no label, score or box",
	prefix + `[{"label":"x","score":1.5,"box":[0,0,1,1]}]}`:                     "score: is out of its range",
	prefix + `[{"label":"x","score":0.5,"box":[0,0,1]}]}`:                       "four numbers",
	prefix + `[{"label":"x","score":0.5,"box":[0.5,0,0.6,1]}]}`:                 "within the picture",
	prefix + `[{"id":9007199254740992,"label":"x","score":0,"box":[0,0,0,0]}]}`: "2^53",
	prefix + `[],"ts":3}`:                                                                          "comes twice",
	strings.Replace(prefix, "relay", "moon", 1) + `[]}`:                                            "origin: has an unknown value",
	strings.Replace(prefix, "2026-01-02T15", "yesterday", 1) + `[]}`:                               "no time",
	prefix + `[` + strings.Repeat(`{"label":"x","score":0,"box":[0,0,0,0]},`, maxObjects) + `{}]}`: "more than 4096",
	`nonsense`: "json",
}

func TestBadMessages(t *testing.T) {
	for text, want := range bad {
		if m, err := Decode([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.200s: got %v, %v; want %q", text, m, err, want)
		}
	}
}

func FuzzDecode(f *testing.F) {
	for _, m := range samples {
		f.Add(Append(nil, m))
	}
	for text := range bad {
		if len(text) < 1000 {
			f.Add([]byte(text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := Decode(text)
		if err != nil {
			return
		}
		once := Append(nil, m)
		again, err := Decode(once)
		if err != nil {
			t.Fatalf("%s does not read what it wrote: %v", once, err)
		}
		if twice := Append(nil, again); string(twice) != string(once) {
			t.Errorf("%s, then %s", once, twice)
		}
		if !json.Valid(once) {
			t.Errorf("%s is no JSON", once)
		}
	})
}

func TestPrediction(t *testing.T) {
	o := Object{Box: Box{0.5, 0.5, 0.2, 0.2}, Velocity: &Box{0.2, -0.1, 0, 0}}
	for _, c := range []struct {
		after time.Duration
		box   Box
		ok    bool
	}{
		{0, o.Box, true},
		{250 * time.Millisecond, Box{0.55, 0.475, 0.2, 0.2}, true},
		{500 * time.Millisecond, Box{0.6, 0.45, 0.2, 0.2}, true},
		{501 * time.Millisecond, Box{}, false},
		{-time.Millisecond, Box{}, false},
	} {
		b, ok := o.After(c.after)
		if ok != c.ok || !near(b, c.box) {
			t.Errorf("after %v: %v, %v", c.after, b, ok)
		}
	}
	leaving := Object{Box: Box{0.9, 0.4, 0.1, 0.2}, Velocity: &Box{X: 1}}
	if b, ok := leaving.After(50 * time.Millisecond); !ok || !near(b, Box{0.95, 0.4, 0.05, 0.2}) {
		t.Errorf("half out: %v, %v", b, ok)
	}
	if _, ok := leaving.After(200 * time.Millisecond); ok {
		t.Error("out of the picture and still drawn")
	}
	if _, ok := (Object{Box: o.Box}).After(0); ok {
		t.Error("predicted without velocity")
	}
}

func near(a, b Box) bool {
	return fmt.Sprintf("%.4f", a) == fmt.Sprintf("%.4f", b)
}

func TestBoxes(t *testing.T) {
	a := Box{0, 0, 0.5, 0.5}
	for _, c := range []struct {
		b    Box
		want float64
	}{{a, 1}, {Box{0.5, 0, 0.5, 0.5}, 0}, {Box{0.25, 0, 0.5, 0.5}, 1.0 / 3}, {Box{}, 0}} {
		if got := a.IoU(c.b); math.Abs(float64(got)-c.want) > 1e-6 || got != c.b.IoU(a) {
			t.Errorf("IoU with %v is %v, not %v", c.b, got, c.want)
		}
	}
	if _, ok := (Box{X: float32(math.NaN()), W: 1, H: 1}).Clip(); ok {
		t.Error("NaN is a box")
	}
}
