package api

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"sightline/vision/annot"
)

// wsSeeds are messages of clients, good and bad, and vision/annot's samples.
func wsSeeds(f *testing.F) [][]byte {
	seeds := [][]byte{
		[]byte(`{"v":1,"type":"hello","token":"","streams":[{"name":"gate","epoch":7,"seq":3}]}`),
		[]byte(`{"v":1,"type":"subscribe","streams":[{"name":"gate"},{"name":"yard"}]}`),
		[]byte(`{"v":1,"type":"subscribe","streams":[{"name":"gate"},{"name":"gate"}]}`),
		[]byte(`{"v":1,"type":"subscribe","streams":[{"name":"../x"}]}`),
		[]byte(`{"v":2,"type":"hello"}`), []byte(`[]`), []byte(`{"type":7}`), []byte(`{"v":1,"type":"hello","streams":[{"seq":-1}]}`),
	}
	samples, err := filepath.Glob("../../vision/annot/testdata/*.json")
	if err != nil || len(samples) == 0 {
		f.Fatalf("no samples of vision/annot: %v", err)
	}
	for _, file := range samples {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		seeds = append(seeds, data, bytes.ReplaceAll(data, []byte(`"relay"`), []byte(`"client"`)))
	}
	return seeds
}

func FuzzClientMessage(f *testing.F) {
	for _, s := range wsSeeds(f) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := parseClientMessage(data)
		if err != nil {
			if len(err.Error()) > 400 {
				t.Errorf("a long complaint: %d bytes", len(err.Error()))
			}
			return
		}
		switch m.kind {
		case "hello", "subscribe":
			for _, s := range m.streams {
				if s.Name == "" || len(s.Name) > 64 {
					t.Errorf("stream name %q", s.Name)
				}
			}
		case "report":
			if again, err := annot.Decode(annot.Append(nil, m.report)); err != nil {
				t.Errorf("%+v cannot be passed on: %v", again, err)
			}
		default:
			t.Errorf("kind %q", m.kind)
		}
	})
}
