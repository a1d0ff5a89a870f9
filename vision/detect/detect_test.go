package detect

import (
	"encoding/json"
	"flag"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sightline/vision/annot"
	"sightline/vision/card"
)

var update = flag.Bool("update", false, "write the golden files")

// letterbox is the inverse of a letterbox at x, y of width by height.
type letterbox struct{ x, y, width, height float32 }

func (l letterbox) ToPicture(x, y float32) (float32, float32) {
	return (x - l.x) / l.width, (y - l.y) / l.height
}

func testCard(head card.Head) card.Card {
	c := card.Card{Name: "test", Head: head, Classes: []string{"a", "b"},
		Input:      card.Input{Width: 64, Height: 32, Scale: [3]float32{1, 1, 1}},
		Thresholds: card.Thresholds{Score: 0.5, IoU: 0.5}}
	if head == card.SSD {
		c.Background, c.Variance = true, [2]float32{0.1, 0.2}
		c.Priors = []card.Level{{Stride: 32, Sizes: []float32{16, 32}}}
	}
	c.Complete()
	return c
}

func decoder(t *testing.T, c card.Card) *Decoder {
	t.Helper()
	if err := c.Validate(); err != nil {
		t.Fatal(err)
	}
	d, err := NewDecoder(c)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// logit is the inverse of the sigmoid.
func logit(p float64) float32 { return float32(math.Log(p / (1 - p))) }

func near(a, b annot.Box) bool {
	for _, d := range []float32{a.X - b.X, a.Y - b.Y, a.W - b.W, a.H - b.H} {
		if !(d < 1e-5 && d > -1e-5) {
			return false
		}
	}
	return true
}

func expect(t *testing.T, got []Detection, want ...Detection) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range got {
		if got[i].Class != want[i].Class || math.Abs(float64(got[i].Score-want[i].Score)) > 1e-5 || !near(got[i].Box, want[i].Box) {
			t.Errorf("box %d is %+v, want %+v", i, got[i], want[i])
		}
	}
}

func TestFastestDet(t *testing.T) {
	d := decoder(t, testCard(card.FastestDet))
	// A map of 2 rows and 4 columns; a cell is 16 by 16 pixels.
	out := Tensor{Shape: []int{7, 2, 4}, Data: make([]float32, 7*8)}
	at := 1*4 + 2
	for plane, v := range []float32{0.9, float32(math.Atanh(0.5)), float32(math.Atanh(-0.25)), logit(0.25), logit(0.5), 0.1, 0.8} {
		out.Data[plane*8+at] = v
	}
	out.Data[0] = 0.9 // an object of no class
	got, err := d.Decode([]Tensor{out}, letterbox{0, 0, 64, 32}, 0.5, nil)
	if err != nil {
		t.Fatal(err)
	}
	score := float32(math.Pow(0.9, 0.6) * math.Pow(0.8, 0.4))
	// Centre (2.5/4, 0.75/2), size (1/4, 1/2) of the input.
	expect(t, got, Detection{1, score, annot.Box{X: 0.5, Y: 0.125, W: 0.25, H: 0.5}})
	// The same box where the picture fills the right half of the input: half
	// of it lies in the bar.
	got, err = d.Decode([]Tensor{out}, letterbox{40, 0, 24, 32}, 0.5, nil)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, got, Detection{1, score, annot.Box{X: 0, Y: 0.125, W: 8.0 / 24, H: 0.5}})
}

func TestSSD(t *testing.T) {
	d := decoder(t, testCard(card.SSD))
	// Two cells of two priors each. Prior 3 is the second cell's, 32 pixels
	// large, around (48, 16).
	scores := Tensor{Shape: []int{4, 3}, Data: []float32{1, 0, 0, 1, 0, 0, 1, 0, 0, 0.1, 0.2, 0.7}}
	offsets := Tensor{Shape: []int{4, 4}, Data: make([]float32, 16)}
	copy(offsets.Data[12:], []float32{-2.5, 1.25, float32(math.Log(0.5) / 0.2), float32(math.Log(0.25) / 0.2)})
	got, err := d.Decode([]Tensor{scores, offsets}, letterbox{0, 0, 64, 32}, 0.5, nil)
	if err != nil {
		t.Fatal(err)
	}
	// Centre 48 - 2.5*0.1*32 = 40, 16 + 1.25*0.1*32 = 20; size 16 by 8.
	expect(t, got, Detection{1, 0.7, annot.Box{X: 0.5, Y: 0.5, W: 0.25, H: 0.25}})
}

func yoloTensor(boxes ...[6]float32) Tensor {
	n := len(boxes)
	t := Tensor{Shape: []int{6, n}, Data: make([]float32, 6*n)}
	for i, b := range boxes {
		for row, v := range b {
			t.Data[row*n+i] = v
		}
	}
	return t
}

func TestYOLOAndSuppression(t *testing.T) {
	d := decoder(t, testCard(card.YOLO))
	out := yoloTensor(
		[6]float32{16, 16, 16, 16, 0.8, 0.1}, // kept
		[6]float32{18, 16, 16, 16, 0.9, 0.1}, // better, suppresses the first
		[6]float32{18, 16, 16, 16, 0.1, 0.6}, // of another class
		[6]float32{48, 16, 16, 16, 0.9, 0.9}, // a tie: the first class
		[6]float32{48, 16, 16, 16, 0.9, 0.2}, // a tie: the first anchor
		[6]float32{32, 16, 16, 16, 0.4, 0.4}, // below the threshold
	)
	m := letterbox{0, 0, 64, 32}
	want := []Detection{
		{0, 0.9, annot.Box{X: 10.0 / 64, Y: 0.25, W: 0.25, H: 0.5}},
		{0, 0.9, annot.Box{X: 40.0 / 64, Y: 0.25, W: 0.25, H: 0.5}},
		{1, 0.6, annot.Box{X: 10.0 / 64, Y: 0.25, W: 0.25, H: 0.5}},
	}
	got, err := d.Decode([]Tensor{out}, m, 0.5, nil)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, got, want...)
	turned := Tensor{Shape: []int{6, 6}, Data: out.Data}
	if _, err := d.Decode([]Tensor{turned}, m, 0.5, nil); err != nil {
		t.Error(err)
	}
	seven := Tensor{Shape: []int{7, 6}}
	for i := range 7 {
		for row := range 6 {
			v := float32(0)
			if i < 6 {
				v = out.Data[row*6+i]
			}
			seven.Data = append(seven.Data, v)
		}
	}
	got, err = d.Decode([]Tensor{seven}, m, 0.5, nil)
	if err != nil {
		t.Fatal(err)
	}
	expect(t, got, want...)
}

func TestLimit(t *testing.T) {
	c := testCard(card.YOLO)
	c.Thresholds.Limit = 2
	d := decoder(t, c)
	got, err := d.Decode([]Tensor{yoloTensor([6]float32{8, 8, 4, 4, 0.6, 0}, [6]float32{24, 8, 4, 4, 0.8, 0}, [6]float32{40, 8, 4, 4, 0.7, 0})},
		letterbox{0, 0, 64, 32}, 0.5, nil)
	if err != nil || len(got) != 2 || got[0].Score != 0.8 || got[1].Score != 0.7 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestWhatIsNoNumberIsNoBox(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	d := decoder(t, testCard(card.YOLO))
	got, err := d.Decode([]Tensor{yoloTensor([6]float32{nan, 8, 4, 4, 0.9, 0}, [6]float32{8, 8, 4, 4, nan, nan}, [6]float32{inf, 8, -4, 4, 0.9, 0},
		[6]float32{8, 8, -4, 4, 0.9, 0}, [6]float32{8, 8, 0, 4, 0.9, 0})}, letterbox{0, 0, 64, 32}, 0.5, nil)
	if err != nil || len(got) != 0 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestOutputsThatDoNotFitTheCard(t *testing.T) {
	for _, c := range []struct {
		head    card.Head
		outputs []Tensor
		want    string
	}{
		{card.YOLO, nil, "not one of 6 rows"},
		{card.YOLO, []Tensor{{Shape: []int{5, 3}, Data: make([]float32, 15)}}, "5x3"},
		{card.YOLO, []Tensor{{Shape: []int{6, 3}, Data: make([]float32, 17)}}, "17 values, but shape 6x3"},
		{card.FastestDet, []Tensor{{Shape: []int{8, 2, 2}, Data: make([]float32, 32)}}, "not one of 7 planes"},
		{card.SSD, []Tensor{{Shape: []int{4, 3}, Data: make([]float32, 12)}}, "4x3 scores and 4x4 offsets"},
		{card.SSD, []Tensor{{Shape: []int{5, 3}, Data: make([]float32, 15)}, {Shape: []int{5, 4}, Data: make([]float32, 20)}}, "4x3 scores"},
	} {
		_, err := decoder(t, testCard(c.head)).Decode(c.outputs, letterbox{0, 0, 64, 32}, 0.5, nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.head, err, c.want)
		}
	}
	if _, err := NewDecoder(card.Card{Head: "moon"}); err == nil {
		t.Error("a head that does not exist is taken")
	}
}

// TestGolden decodes outputs that real models gave, reduced to the few
// anchors that matter, and compares every box.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.golden.json")
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no golden files")
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var g Golden
			if err := json.Unmarshal(text, &g); err != nil {
				t.Fatal(err)
			}
			c, err := card.Decode(g.Card)
			if err != nil {
				t.Fatal(err)
			}
			got, err := decoder(t, *c).Decode(g.Tensors(), letterbox{g.Letterbox[0], g.Letterbox[1], g.Letterbox[2], g.Letterbox[3]}, g.Least, nil)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				g.Boxes = got
				if text, err = json.Marshal(g); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(file, append(text, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			expect(t, got, g.Boxes...)
			if len(got) == 0 {
				t.Error("no boxes")
			}
		})
	}
}

// Golden is a golden file: sparse outputs of a model and the boxes in them.
type Golden struct {
	Note      string
	Card      json.RawMessage
	Letterbox [4]float32
	Least     float32
	Outputs   []struct {
		Shape []int
		// Index and Value are the values other than 0.
		Index []int
		Value []float32
	}
	Boxes []Detection
}

// Tensors are the outputs in full.
func (g Golden) Tensors() (out []Tensor) {
	for _, o := range g.Outputs {
		n := 1
		for _, s := range o.Shape {
			n *= s
		}
		t := Tensor{Shape: o.Shape, Data: make([]float32, n)}
		for i, at := range o.Index {
			t.Data[at] = o.Value[i]
		}
		out = append(out, t)
	}
	return out
}

func FuzzDecode(f *testing.F) {
	f.Add(uint8(0), []byte{200, 100, 30, 4, 5, 6, 7})
	f.Add(uint8(1), []byte{1, 2, 3})
	f.Add(uint8(2), []byte{255, 0, 255})
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		heads := []card.Head{card.FastestDet, card.SSD, card.YOLO}
		shapes := [][][]int{{{7, 2, 4}}, {{4, 3}, {4, 4}}, {{6, 9}}}
		i := int(which) % len(heads)
		d := decoder(t, testCard(heads[i]))
		var outputs []Tensor
		for _, s := range shapes[i] {
			n := 1
			for _, side := range s {
				n *= side
			}
			o := Tensor{Shape: s, Data: make([]float32, n)}
			for k := range o.Data {
				if len(raw) > 0 {
					// Any bit pattern, NaN and infinity included.
					o.Data[k] = math.Float32frombits(uint32(raw[0])<<23 | uint32(raw[len(raw)/2])<<8 | uint32(k)<<30)
					raw = append(raw[1:], raw[0]^byte(k))
				}
			}
			outputs = append(outputs, o)
		}
		got, err := d.Decode(outputs, letterbox{3, 2, 50, 20}, 0.3, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range got {
			if b, ok := g.Box.Clip(); !ok || !near(b, g.Box) || !(g.Score >= 0.3) || g.Class < 0 || g.Class > 1 {
				t.Errorf("box %+v", g)
			}
		}
	})
}
