package infer

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

// visit is one person's time in the clip, in frames.
type visit struct {
	who         string
	first, last int
}

func visits(t *testing.T) (out []visit) {
	t.Helper()
	f, err := os.Open("testdata/one-by-one-person-detection.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for s := bufio.NewScanner(f); s.Scan(); {
		parts := strings.Split(s.Text(), ",")
		if len(parts) != 3 || parts[0] == "person" {
			continue
		}
		first, err1 := strconv.Atoi(parts[1])
		last, err2 := strconv.Atoi(parts[2])
		if err1 == nil && err2 == nil {
			out = append(out, visit{parts[0], first, last})
		}
	}
	if len(out) != 6 {
		t.Fatalf("%d visits", len(out))
	}
	return out
}

// TestEachPersonIsOneObject analyses the whole clip at half its rate and
// compares the objects with the people counted by eye.
func TestEachPersonIsOneObject(t *testing.T) {
	if testing.Short() {
		t.Skip("decodes and analyses two minutes of video; left out with -short")
	}
	const frames, step = 1394, 9000
	units := pictures(t, "one-by-one-person-detection.mp4", frames, step)
	st, f := stream(t, "gate")
	l := newListener()
	e := New(Config{Models: store(t), Publish: l}, []Analysis{{Stream: st, Model: "fastestdet", FPS: 5, Classes: []string{"person"}}})
	start(t, e.Run)
	people := visits(t)
	seen := map[uint64]map[int]int{} // frames of each object, by person; -1 for nobody
	covered, analysed := make([]int, len(people)), make([]int, len(people))
	for i, au := range units {
		f.put(au)
		if i%2 == 1 {
			continue
		}
		d := l.wait(t)
		who := -1
		for k, p := range people {
			// The result may trail by a frame at the picture's border.
			if i >= p.first && i <= p.last {
				who = k
				analysed[k]++
			}
		}
		for _, o := range d.Objects {
			if o.Label != "person" {
				t.Fatalf("frame %d: %+v", i, o)
			}
			if o.ID == 0 {
				continue
			}
			if seen[o.ID] == nil {
				seen[o.ID] = map[int]int{}
			}
			seen[o.ID][who]++
			if who >= 0 {
				covered[who]++
			}
		}
	}
	t.Logf("objects: %v", seen)
	// The last result is counted just after it is told.
	for end := time.Now().Add(10 * time.Second); e.Stats()[0].Results < frames/2 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if s := e.Stats()[0]; s.Results != frames/2 || s.Replaced != 0 {
		t.Errorf("%+v", s)
	}
	byPerson := map[int]int{}
	for id, of := range seen {
		if len(of) != 1 || of[-1] > 0 {
			t.Errorf("object %d is seen with %v", id, of)
		}
		for who := range of {
			byPerson[who]++
		}
	}
	for k, p := range people {
		t.Logf("%s: %d of %d analysed frames have the object", p.who, covered[k], analysed[k])
		if byPerson[k] != 1 {
			t.Errorf("%s is %d objects", p.who, byPerson[k])
		}
		// What enters or leaves the picture is too small at first, for a
		// second at most on each side.
		if covered[k] < analysed[k]-10 || covered[k] > analysed[k] {
			t.Errorf("%s: object on %d of %d frames", p.who, covered[k], analysed[k])
		}
	}
}
