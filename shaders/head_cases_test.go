package shaders_test

import (
	"math"
	"math/rand/v2"
	"slices"

	"sightline/shaders"
	"sightline/vision/card"
	"sightline/vision/detect"
)

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
