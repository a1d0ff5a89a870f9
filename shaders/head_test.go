package shaders_test

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"sightline/shaders"
	"sightline/vision/card"
	"sightline/vision/detect"
)

// memory is an arena with tensors in it, rows padded as lib/nn.wgsl says.
type memory struct {
	data      []float32
	constants []uint32
}

// add places a tensor, in row-major order, and fills what lies behind its rows with what must not be read.
func (m *memory) add(size [4]int, data []float32) shaders.HeadTensor {
	pitch := (size[3] + 3) &^ 3
	t := shaders.HeadTensor{Size: size, View: shaders.TensorView{Offset: uint32(len(m.data)), Table: shaders.None,
		Stride: [4]uint32{uint32(size[1] * size[2] * pitch), uint32(size[2] * pitch), uint32(pitch), 1}}}
	for at := 0; at < len(data); at += size[3] {
		m.data = append(m.data, data[at:at+size[3]]...)
		for range pitch - size[3] {
			m.data = append(m.data, 1e9)
		}
	}
	return t
}

// scatter places the planes of a tensor in another order, behind a table.
func (m *memory) scatter(random *rand.Rand, size [4]int, data []float32) shaders.HeadTensor {
	plane := size[2] * size[3]
	t := shaders.HeadTensor{Size: size, View: shaders.TensorView{Table: uint32(len(m.constants))}}
	table := make([]uint32, size[1])
	for _, c := range random.Perm(size[1]) {
		part := m.add([4]int{1, 1, size[2], size[3]}, data[c*plane:(c+1)*plane])
		table[c] = part.View.Offset
		t.View.Stride = part.View.Stride
	}
	m.constants = append(m.constants, table...)
	return t
}

// bytes is the arena as the GPU holds it.
func (m *memory) bytes(half bool) []byte {
	if half {
		return float16s(m.data)
	}
	return floats(m.data)
}

func (m *memory) constantBytes() []byte {
	words := append(slices.Clone(m.constants), make([]uint32, 4)...)
	b := make([]byte, 0, 4*len(words))
	for _, w := range words {
		b = binary.LittleEndian.AppendUint32(b, w)
	}
	return b[:len(b)&^15]
}

func floats(list []float32) []byte {
	b := make([]byte, 0, 4*len(list))
	for _, v := range list {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// float16s rounds normal numbers to half precision, half away from zero, and gives zero for what is less.
func float16s(list []float32) []byte {
	b := make([]byte, 0, 2*len(list))
	for _, v := range list {
		bits := math.Float32bits(min(max(v, -65504), 65504)) + 1<<12
		half := uint16(bits >> 16 & 0x8000)
		if exponent := int(bits>>23&0xff) - 112; exponent > 0 {
			half |= uint16(exponent<<10) | uint16(bits>>13&0x3ff)
		}
		b = binary.LittleEndian.AppendUint16(b, half)
	}
	return b
}

// headCase is a detector's outputs, and the same in front of the exported model's last steps.
type headCase struct {
	name    string
	card    card.Card
	outputs []detect.Tensor
	least   float32
	// head makes the GPU's head over the tensors that it puts into memory.
	head func(m *memory) (*shaders.Head, error)
	half bool
}

func (c headCase) job(t testing.TB, workgroup ...shaders.Constant) job {
	t.Helper()
	var m memory
	head, err := c.head(&m)
	if err != nil {
		t.Fatalf("%s: %v", c.name, err)
	}
	nms := shaders.NewNMSParams(c.card)
	find, shader := newStep(t, head.Permutation(c.half))
	find.Workgroups[0], find.Workgroups[1] = head.Groups(shader)
	suppress, _ := newStep(t, "nms", workgroup...)
	suppress.Workgroups = [2]uint32{1, 1}
	suppress.Resources = map[string]string{"params": "nms"}
	return job{Steps: []step{find, suppress}, Outputs: map[string]string{"result": "", "candidates": ""}, Resources: map[string]resource{
		"params":     {Type: "buffer", Uniform: true, data: head.Params(c.least).Append(nil)},
		"nms":        {Type: "buffer", Uniform: true, data: nms.Append(nil)},
		"arena":      {Type: "buffer", data: m.bytes(c.half)},
		"constants":  {Type: "buffer", data: m.constantBytes()},
		"candidates": {Type: "buffer", Size: head.CandidateBytes()},
		"result":     {Type: "buffer", Size: nms.ResultBytes()},
	}}
}

// unit is the mapping of a tensor that a picture fills.
type unit struct{ width, height float32 }

func (u unit) ToPicture(x, y float32) (float32, float32) { return x / u.width, y / u.height }

// check compares the boxes of a run with those of vision/detect.
func (c headCase) check(t *testing.T, run *gpuRun, at int, tolerance float64) {
	t.Helper()
	if e := run.Results[at].Error; e != "" {
		t.Fatal(e)
	}
	decoder, err := detect.NewDecoder(c.card)
	if err != nil {
		t.Fatal(err)
	}
	m := unit{float32(c.card.Input.Width), float32(c.card.Input.Height)}
	want, err := decoder.Decode(c.outputs, m, c.least, nil)
	if err != nil {
		t.Fatal(err)
	}
	result, err := shaders.ParseNMSResult(run.output(t, at, "result"), len(c.card.Classes), nil)
	if err != nil {
		t.Fatal(err)
	}
	got := detect.Place(result.Boxes, m, nil)
	if len(got) != len(want) || len(want) == 0 {
		t.Fatalf("%d boxes, want %d (%d found, %d considered)\n%v\n%v", len(got), len(want), result.Found, result.Considered, got, want)
	}
	for i := range want {
		a, b := got[i], want[i]
		for _, d := range []float32{a.Score - b.Score, a.Box.X - b.Box.X, a.Box.Y - b.Box.Y, a.Box.W - b.Box.W, a.Box.H - b.Box.H} {
			if a.Class != b.Class || !(math.Abs(float64(d)) <= tolerance) {
				t.Fatalf("box %d of %d is %+v, want %+v", i, len(want), a, b)
			}
		}
	}
	// Ready for the next frame.
	if n := binary.LittleEndian.Uint32(run.output(t, at, "candidates")); n != 0 {
		t.Errorf("the list still counts %d candidates", n)
	}
	t.Logf("%d boxes of %d candidates", len(want), result.Found)
}

func headCard(head card.Head, width, height, classes int) card.Card {
	c := card.Card{Name: "test", Head: head, Input: card.Input{Width: width, Height: height, Scale: [3]float32{1, 1, 1}},
		Thresholds: card.Thresholds{Score: 0.3, IoU: 0.45}}
	for i := range classes {
		c.Classes = append(c.Classes, string(rune('a'+i%26))+string(rune('a'+i/26)))
	}
	if head == card.SSD {
		c.Background, c.Variance = true, [2]float32{0.1, 0.2}
		c.Priors = []card.Level{{Stride: 8, Sizes: []float32{10, 16, 24}}, {Stride: 16, Sizes: []float32{32, 48}}, {Stride: 32, Sizes: []float32{64, 96, 128, 140, 150}}}
	}
	c.Complete()
	return c
}

func logit(p float64) float32 { return float32(math.Log(p / (1 - p))) }

func sigmoid(v float32) float32 { return float32(1 / (1 + math.Exp(-float64(v)))) }

// softmax writes the shares of n values that are step apart.
func softmax(data []float32, from, step, n int) {
	largest, sum := math.Inf(-1), 0.0
	for k := range n {
		largest = max(largest, float64(data[from+k*step]))
	}
	for k := range n {
		sum += math.Exp(float64(data[from+k*step]) - largest)
	}
	for k := range n {
		data[from+k*step] = float32(math.Exp(float64(data[from+k*step])-largest) / sum)
	}
}

// gaps gives scores of 0.32 to 0.97, 0.05 apart, in random order, each once.
func gaps(random *rand.Rand) []float64 {
	var list []float64
	for i := range 14 {
		list = append(list, 0.32+0.05*float64(i))
	}
	random.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// Of each head a model's outputs and its last feature maps, with candidates whose scores are at least
// 0.05 apart, many of them neighbours that overlap.
func headCases(random *rand.Rand) []headCase {
	return slices.Concat(fastestDetCases(random), ssdCases(random), yoloCases(random))
}

// someCells picks cells in clusters, so that boxes overlap.
func someCells(random *rand.Rand, columns, rows, n int) []int {
	picked := map[int]bool{}
	for len(picked) < n {
		x, y := random.IntN(columns), random.IntN(rows)
		for range 4 {
			picked[min(max(y+random.IntN(3)-1, 0), rows-1)*columns+min(max(x+random.IntN(3)-1, 0), columns-1)] = true
		}
	}
	var list []int
	for cell := range picked {
		list = append(list, cell)
	}
	slices.Sort(list)
	return list[:n]
}

func fastestDetCases(random *rand.Rand) []headCase {
	const columns, rows, classes = 22, 18, 7
	const cells = columns * rows
	c := headCard(card.FastestDet, 352, 288, classes)
	maps := make([]float32, (5+classes)*cells) // logits
	for i := range maps {
		maps[i] = random.Float32()*6 - 3
	}
	for at := range cells {
		maps[at] = -9
	}
	scores := gaps(random)
	for i, at := range someCells(random, columns, rows, len(scores)) {
		class := random.IntN(3)
		for k := range classes {
			maps[(5+k)*cells+at] = -1
		}
		maps[(5+class)*cells+at] = 5
		share := math.Exp(5) / (math.Exp(5) + (classes-1)*math.Exp(-1))
		maps[at] = logit(min(math.Pow(scores[i]/math.Pow(share, 0.4), 1/0.6), 0.9999))
		for k := 3; k < 5; k++ {
			maps[k*cells+at] = logit(0.15 + 0.2*random.Float64())
		}
	}
	data := slices.Clone(maps)
	for at := range cells {
		data[at] = sigmoid(data[at])
		softmax(data, 5*cells+at, cells, classes)
	}
	outputs := []detect.Tensor{{Shape: []int{5 + classes, rows, columns}, Data: data}}
	size := func(n int) [4]int { return [4]int{1, n, rows, columns} }
	plain := func(m *memory) (*shaders.Head, error) {
		return shaders.NewHead(c, []shaders.HeadTensor{m.add(size(5+classes), data)})
	}
	seed := rand.New(rand.NewPCG(11, 12))
	return []headCase{
		{"fastestdet", c, outputs, 0.3, plain, false},
		{"fastestdet half", c, outputs, 0.3, plain, true},
		{"fastestdet behind a table", c, outputs, 0.3, func(m *memory) (*shaders.Head, error) {
			m.add([4]int{1, 1, 1, 9}, make([]float32, 9))
			m.constants = make([]uint32, 7)
			return shaders.NewHead(c, []shaders.HeadTensor{m.scatter(seed, size(5+classes), data)})
		}, false},
		{"fastestdet maps", c, outputs, 0.3, func(m *memory) (*shaders.Head, error) {
			return shaders.NewMapHead(c, []shaders.HeadMap{{Object: m.add(size(1), maps[:cells]),
				Scores: m.scatter(seed, size(classes), maps[5*cells:]), Boxes: m.add(size(4), maps[cells:5*cells])}})
		}, false},
	}
}

func ssdCases(random *rand.Rand) []headCase {
	const width = 3 // two classes and the background
	c := headCard(card.SSD, 120, 100, width-1)
	var scores, boxes []float32
	var levels []shaders.HeadMap
	var mapData [][2][]float32
	free := gaps(random)
	for _, l := range c.Priors {
		columns, rows, sides := (120+l.Stride-1)/l.Stride, (100+l.Stride-1)/l.Stride, len(l.Sizes)
		cells := columns * rows
		levelScores, levelBoxes := make([]float32, cells*sides*width), make([]float32, cells*sides*4)
		for i := range levelBoxes {
			levelBoxes[i] = random.Float32()*2 - 1
		}
		for i := 0; i < len(levelScores); i += width {
			levelScores[i] = 6
		}
		for _, cell := range someCells(random, columns, rows, min(5, len(free))) {
			at := (cell*sides + random.IntN(sides)) * width
			class := 1 + random.IntN(2)
			levelScores[at], levelScores[at+3-class] = 0, -8
			levelScores[at+class] = logit(free[0])
			free = free[1:]
		}
		planar := func(data []float32, n int) []float32 {
			out := make([]float32, len(data))
			for i, v := range data {
				cell, channel := i/(sides*n), i%(sides*n)
				out[channel*cells+cell] = v
			}
			return out
		}
		mapData = append(mapData, [2][]float32{planar(levelScores, width), planar(levelBoxes, 4)})
		levels = append(levels, shaders.HeadMap{Scores: shaders.HeadTensor{Size: [4]int{1, sides * width, rows, columns}},
			Boxes: shaders.HeadTensor{Size: [4]int{1, sides * 4, rows, columns}}})
		scores, boxes = append(scores, levelScores...), append(boxes, levelBoxes...)
	}
	for i := 0; i < len(scores); i += width {
		softmax(scores, i, 1, width)
	}
	n := len(scores) / width
	outputs := []detect.Tensor{{Shape: []int{n, width}, Data: scores}, {Shape: []int{n, 4}, Data: boxes}}
	plain := func(m *memory) (*shaders.Head, error) {
		return shaders.NewHead(c, []shaders.HeadTensor{m.add([4]int{1, 1, n, width}, scores), m.add([4]int{1, n, 1, 4}, boxes)})
	}
	return []headCase{
		{"ssd", c, outputs, 0.3, plain, false},
		{"ssd half", c, outputs, 0.3, plain, true},
		{"ssd maps", c, outputs, 0.3, func(m *memory) (*shaders.Head, error) {
			for i := range levels {
				levels[i].Scores = m.add(levels[i].Scores.Size, mapData[i][0])
				levels[i].Boxes = m.scatter(rand.New(rand.NewPCG(13, 14)), levels[i].Boxes.Size, mapData[i][1])
			}
			return shaders.NewMapHead(c, levels)
		}, false},
	}
}

func yoloCases(random *rand.Rand) []headCase {
	const classes, bins = 5, 16
	const rows = 4 + classes
	c := headCard(card.YOLO, 96, 64, classes)
	type level struct {
		columns, rows int
		boxes, scores []float32
	}
	var levels []level
	anchors := 0
	free := gaps(random)
	for _, stride := range []int{8, 16, 32} {
		l := level{columns: 96 / stride, rows: 64 / stride}
		cells := l.columns * l.rows
		l.boxes, l.scores = make([]float32, 4*bins*cells), make([]float32, classes*cells)
		for i := range l.boxes {
			l.boxes[i] = random.Float32()*4 - 2
		}
		for i := range l.scores {
			l.scores[i] = -5
		}
		for _, cell := range someCells(random, l.columns, l.rows, min(5, len(free), cells)) {
			l.scores[random.IntN(2)*cells+cell] = logit(free[0])
			free = free[1:]
		}
		levels = append(levels, l)
		anchors += cells
	}
	data := make([]float32, rows*anchors)
	from := 0
	for _, l := range levels {
		cells := l.columns * l.rows
		for cell := range cells {
			var sides [4]float32
			for side := range sides {
				parts := make([]float32, bins)
				for k := range parts {
					parts[k] = l.boxes[(side*bins+k)*cells+cell]
				}
				softmax(parts, 0, 1, bins)
				for k, p := range parts {
					sides[side] += float32(k) * p
				}
			}
			x, y := float32(cell%l.columns)+0.5, float32(cell/l.columns)+0.5
			stride := float32(96 / l.columns)
			x0, y0, x1, y1 := (x-sides[0])*stride, (y-sides[1])*stride, (x+sides[2])*stride, (y+sides[3])*stride
			for row, v := range []float32{(x0 + x1) / 2, (y0 + y1) / 2, x1 - x0, y1 - y0} {
				data[row*anchors+from+cell] = v
			}
			for k := range classes {
				data[(4+k)*anchors+from+cell] = sigmoid(l.scores[k*cells+cell])
			}
		}
		from += cells
	}
	turned := make([]float32, len(data))
	for i, v := range data {
		turned[i%anchors*rows+i/anchors] = v
	}
	outputs := []detect.Tensor{{Shape: []int{rows, anchors}, Data: data}}
	of := func(size [4]int, data []float32) func(m *memory) (*shaders.Head, error) {
		return func(m *memory) (*shaders.Head, error) {
			m.add([4]int{1, 1, 1, 3}, []float32{1, 2, 3})
			return shaders.NewHead(c, []shaders.HeadTensor{m.add(size, data)})
		}
	}
	return []headCase{
		{"yolo", c, outputs, 0.3, of([4]int{1, 1, rows, anchors}, data), false},
		{"yolo half", c, outputs, 0.3, of([4]int{1, 1, rows, anchors}, data), true},
		{"yolo planes", c, outputs, 0.3, of([4]int{1, rows, 1, anchors}, data), false},
		{"yolo columns", c, outputs, 0.3, of([4]int{1, rows, anchors, 1}, data), false},
		{"yolo turned", c, outputs, 0.3, of([4]int{1, 1, anchors, rows}, turned), false},
		{"yolo maps", c, outputs, 0.3, func(m *memory) (*shaders.Head, error) {
			var maps []shaders.HeadMap
			for _, l := range levels {
				maps = append(maps, shaders.HeadMap{Scores: m.add([4]int{1, classes, l.rows, l.columns}, l.scores),
					Boxes: m.add([4]int{1, 4 * bins, l.rows, l.columns}, l.boxes)})
			}
			return shaders.NewMapHead(c, maps)
		}, false},
	}
}

// Every head finds the boxes that vision/detect finds, and the same classes, in the same order.
func TestHeadsMatchDetect(t *testing.T) {
	random := rand.New(rand.NewPCG(21, 22))
	var list []headCase
	for range 3 {
		list = append(list, headCases(random)...)
	}
	var jobs []job
	for _, c := range list {
		jobs = append(jobs, c.job(t))
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) {
			tolerance := 1e-4
			if c.half {
				tolerance = 2e-2
			}
			c.check(t, run, i, tolerance)
		})
	}
}

// Suppression keeps the very boxes that vision/detect keeps, in the same order: of thousands of
// candidates, more than are looked at; of equal scores; and where the limit is reached.
func TestSuppressionMatchesDetect(t *testing.T) {
	random := rand.New(rand.NewPCG(31, 32))
	var list []headCase
	var jobs []job
	for _, k := range []struct {
		name             string
		anchors, classes int
		steps            int // of the scores: few make many equal ones
		side             float32
		limit            int
	}{
		{"few", 3, 2, 1000, 30, 300},
		{"one", 1, 1, 1000, 30, 300},
		{"none equal", 1500, 3, 1 << 22, 150, 600},
		{"many equal", 1500, 3, 10, 40, 300},
		{"all equal", 700, 1, 1, 20, 300},
		{"more than are looked at", 5000, 2, 1 << 22, 150, 600},
		{"more equal ones than are looked at", 5000, 2, 4, 100, 600},
		{"limit", 2500, 4, 1 << 20, 6, 40},
	} {
		c := headCard(card.YOLO, 320, 320, k.classes)
		c.Thresholds.Limit = k.limit
		data := make([]float32, (4+k.classes)*k.anchors)
		for i := range k.anchors {
			for row := range 2 {
				data[row*k.anchors+i] = 320 * random.Float32()
				data[(2+row)*k.anchors+i] = k.side * (0.5 + random.Float32())
			}
			data[(4+random.IntN(k.classes))*k.anchors+i] = 0.3 + 0.7*float32(1+random.IntN(k.steps))/float32(k.steps)
		}
		hc := headCase{k.name, c, []detect.Tensor{{Shape: []int{4 + k.classes, k.anchors}, Data: data}}, 0.3, func(m *memory) (*shaders.Head, error) {
			return shaders.NewHead(c, []shaders.HeadTensor{m.add([4]int{1, 1, 4 + k.classes, k.anchors}, data)})
		}, false}
		// In shares of another size the same.
		for _, size := range []string{"256", "64"} {
			list, jobs = append(list, hc), append(jobs, hc.job(t, shaders.Constant{Name: "WORKGROUP_X", Value: size}))
		}
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) { c.check(t, run, i, 1e-6) })
	}
}

// Tensors that do not fit a card are refused in words.
func TestHeadRefuses(t *testing.T) {
	tensor := func(size ...int) shaders.HeadTensor {
		return shaders.HeadTensor{Size: [4]int(size), View: shaders.TensorView{Table: shaders.None}}
	}
	fastest, ssd, yolo := headCard(card.FastestDet, 352, 288, 7), headCard(card.SSD, 120, 100, 2), headCard(card.YOLO, 96, 64, 5)
	for _, test := range []struct {
		card    card.Card
		outputs []shaders.HeadTensor
		want    string
	}{
		{fastest, []shaders.HeadTensor{tensor(1, 11, 18, 22)}, "output of 1x11x18x22 is not 1x12 planes"},
		{fastest, nil, "0 outputs do not fit"},
		{ssd, []shaders.HeadTensor{tensor(1, 1, 100, 3), tensor(1, 1, 100, 4)}, "are not 777x3 scores and 777x4 offsets"},
		{yolo, []shaders.HeadTensor{tensor(1, 1, 8, 100)}, "has not 9 rows"},
		{yolo, []shaders.HeadTensor{tensor(1, 9, 5, 5)}, "more than one dimension of anchors"},
		{yolo, []shaders.HeadTensor{tensor(1, 1, 9, 1<<23)}, "must be 1 to 4194304"},
	} {
		if _, err := shaders.NewHead(test.card, test.outputs); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%v: error %v, want %q", test.outputs, err, test.want)
		}
	}
	for _, test := range []struct {
		card card.Card
		maps []shaders.HeadMap
		want string
	}{
		{fastest, []shaders.HeadMap{{Scores: tensor(1, 7, 18, 22), Boxes: tensor(1, 4, 18, 22), Object: tensor(1, 1, 18, 21)}}, "object of 1x1x18x21 are not 1x1x18x22"},
		{ssd, []shaders.HeadMap{{}}, "1 levels: the card has priors for 3"},
		{ssd, make([]shaders.HeadMap, 3), "map of 0x0x0x0 is not the 13x15"},
		{yolo, make([]shaders.HeadMap, 1), "are not"},
		{yolo, nil, "0 levels: must be 1 to 8"},
	} {
		if _, err := shaders.NewMapHead(test.card, test.maps); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want %q", err, test.want)
		}
	}
}

// What the GPU sends back is data: no bytes of it may crash the client.
func FuzzNMSResult(f *testing.F) {
	one := make([]byte, 16+24)
	one[0] = 1
	f.Add(one)
	f.Add(bytes.Repeat([]byte{0xff}, 64))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := shaders.ParseNMSResult(b, 3, nil)
		if err != nil {
			return
		}
		for _, c := range r.Boxes {
			if c.Class < 0 || c.Class >= 3 || c.Left != c.Left || len(r.Boxes)*24 > len(b) {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// The encoders write as many bytes as they say; that the fields are in their places the kernels' tests show.
func TestHeadLayouts(t *testing.T) {
	if n := len((&shaders.HeadParams{}).Append(nil)); n != shaders.HeadParamsSize || n%16 != 0 {
		t.Errorf("head: %d bytes, said %d", n, shaders.HeadParamsSize)
	}
	if n := len(shaders.NMSParams{}.Append(nil)); n != shaders.NMSParamsSize {
		t.Errorf("nms: %d bytes, said %d", n, shaders.NMSParamsSize)
	}
	if n := (shaders.NMSParams{Limit: shaders.MaxBoxes}).ResultBytes(); n > 16<<10 {
		t.Errorf("a result takes %d bytes", n)
	}
}
