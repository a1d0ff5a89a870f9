package shaders_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	operators := []shaders.Operator{head.Operator(c.least), nms.Operator()}
	j := job{Outputs: map[string]string{"detections": ""}, Resources: map[string]resource{
		"arena":      {Type: "buffer", data: m.bytes(c.half)},
		"constants":  {Type: "buffer", data: m.constantBytes()},
		"detections": {Type: "buffer", Size: head.DetectionBytes()},
	}}
	for i, o := range operators {
		name := o.Permutation
		if c.half {
			name += "_f16"
		}
		var constants []shaders.Constant
		if i == 1 {
			constants = workgroup
		}
		st, shader := newStep(t, name, constants...)
		st.Workgroups[0], st.Workgroups[1] = o.Groups(shader)
		params := "params " + o.Permutation
		st.Resources = map[string]string{"params": params}
		j.Resources[params] = resource{Type: "buffer", Uniform: true, data: o.Params}
		j.Steps = append(j.Steps, st)
	}
	return j
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
	result, err := shaders.ParseNMSResult(run.output(t, at, "detections")[:shaders.NewNMSParams(c.card).ResultBytes()], len(c.card.Classes), nil)
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
	if n := binary.LittleEndian.Uint32(run.output(t, at, "detections")[12:]); n != 0 {
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
		{"as many as are sorted", 128, 2, 30, 120, 300},
		{"one more", 129, 2, 30, 120, 300},
		{"limit of a few", 100, 2, 1 << 20, 60, 9},
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
		for _, size := range []string{"64", "256"} {
			list, jobs = append(list, hc), append(jobs, hc.job(t, shaders.Constant{Name: "WORKGROUP_X", Value: size}))
		}
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) { c.check(t, run, i, 1e-6) })
	}
}

// The heads find in what models made of real frames what vision/detect finds in it.
func TestHeadsOfRealFrames(t *testing.T) {
	files, err := filepath.Glob("../vision/detect/testdata/*.golden.json")
	if err != nil || len(files) < 2 {
		t.Fatal("no golden files of vision/detect:", files, err)
	}
	var list []headCase
	var jobs []job
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var golden struct {
			Card    json.RawMessage
			Least   float32
			Outputs []struct {
				Shape, Index []int
				Value        []float32
			}
		}
		if err := json.Unmarshal(text, &golden); err != nil {
			t.Fatal(err)
		}
		c, err := card.Decode(golden.Card)
		if err != nil {
			t.Fatal(err)
		}
		hc := headCase{name: c.Name, card: *c, least: golden.Least}
		for _, o := range golden.Outputs {
			n := 1
			for _, side := range o.Shape {
				n *= side
			}
			data := make([]float32, n)
			for i, at := range o.Index {
				data[at] = o.Value[i]
			}
			hc.outputs = append(hc.outputs, detect.Tensor{Shape: o.Shape, Data: data})
		}
		hc.head = func(m *memory) (*shaders.Head, error) {
			var outputs []shaders.HeadTensor
			for _, o := range hc.outputs {
				size := [4]int{1, 1, 1, 1}
				copy(size[4-len(o.Shape):], o.Shape)
				outputs = append(outputs, m.add(size, o.Data))
			}
			return shaders.NewHead(hc.card, outputs)
		}
		list, jobs = append(list, hc), append(jobs, hc.job(t))
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		t.Run(c.name, func(t *testing.T) { c.check(t, run, i, 1e-4) })
	}
}

// Whatever a model gives, be it no numbers, the kernels end and what they find can be read.
func TestHeadsOfAnyBits(t *testing.T) {
	random := rand.New(rand.NewPCG(51, 52))
	var list []headCase
	var jobs []job
	for _, head := range []card.Head{card.FastestDet, card.SSD, card.YOLO} {
		c := headCard(head, 120, 100, 2)
		sizes := map[card.Head][][4]int{card.FastestDet: {{1, 7, 10, 12}}, card.SSD: {{1, 1, 777, 3}, {1, 1, 777, 4}}, card.YOLO: {{1, 1, 6, 300}}}[head]
		hc := headCase{name: string(head), card: c, least: 0.1, head: func(m *memory) (*shaders.Head, error) {
			var outputs []shaders.HeadTensor
			for _, size := range sizes {
				data := make([]float32, size[1]*size[2]*size[3])
				for i := range data {
					data[i] = math.Float32frombits(random.Uint32())
					if random.IntN(4) == 0 {
						data[i] = float32(math.Inf(random.IntN(3) - 1))
					}
				}
				outputs = append(outputs, m.add(size, data))
			}
			return shaders.NewHead(c, outputs)
		}}
		list, jobs = append(list, hc), append(jobs, hc.job(t))
	}
	run := runGPU(t, jobs)
	for i, c := range list {
		if e := run.Results[i].Error; e != "" {
			t.Fatal(c.name, e)
		}
		r, err := shaders.ParseNMSResult(run.output(t, i, "detections")[:shaders.NewNMSParams(c.card).ResultBytes()], len(c.card.Classes), nil)
		if err != nil || len(r.Boxes) > c.card.Thresholds.Limit || r.Considered > r.Found {
			t.Errorf("%s: %d boxes of %d candidates, %v", c.name, len(r.Boxes), r.Found, err)
		}
		t.Logf("%s: %d boxes of %d candidates", c.name, len(r.Boxes), r.Found)
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
		{yolo, nil, "0 levels: must be 1 to 6"},
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
	if n := len((&shaders.HeadParams{}).Append(nil)); n != shaders.HeadParamsSize || n > 1024 || n%16 != 0 {
		t.Errorf("head: %d bytes, said %d", n, shaders.HeadParamsSize)
	}
	if n := len(shaders.NMSParams{}.Append(nil)); n != shaders.NMSParamsSize {
		t.Errorf("nms: %d bytes, said %d", n, shaders.NMSParamsSize)
	}
	if n := (shaders.NMSParams{Limit: shaders.MaxBoxes}).ResultBytes(); n > 16<<10 {
		t.Errorf("a result takes %d bytes", n)
	}
}
