package detect

import (
	"encoding/binary"
	"math"
	"testing"
	"time"

	"sightline/vision/card"
	"sightline/wasm/engine"
)

func testModel() *Model {
	c := card.Card{Name: "test", Head: card.YOLO, Classes: []string{"person", "car"},
		Input:      card.Input{Width: 64, Height: 64, Scale: [3]float32{1. / 255, 1. / 255, 1. / 255}},
		Thresholds: card.Thresholds{Score: 0.5, Low: 0.2, IoU: 0.5}}
	c.Complete()
	return &Model{Card: c, Plan: &engine.Plan{}}
}

// boxes is a result of the suppression: left, top, right, bottom, score and class of each box.
func boxes(list ...[6]float32) []byte {
	b := make([]byte, 16, 16+24*len(list))
	b[0], b[4], b[8] = byte(len(list)), byte(len(list)), byte(len(list))
	for _, box := range list {
		for _, v := range box[:5] {
			b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
		}
		b = binary.LittleEndian.AppendUint32(b, uint32(box[5]))
	}
	return b
}

// What the network finds comes as objects of the upright picture, followed over pictures.
func TestNeural(t *testing.T) {
	b := newBench(Options{Model: testModel(), Rate: 25})
	picture := size{640, 320} // letterboxed: rows 16 to 48 of the tensor
	b.runner.Frame(picture, 0)
	n := b.device.passes[0].spec.Network
	if n == nil || n.Width != 640 || n.Height != 320 || n.Least != 0.2 || n.Tensor.Width != 64 || n.Tensor.Scale[0] != 1 {
		t.Fatalf("spec %+v", n)
	}
	answers := [][]byte{
		boxes([6]float32{16, 24, 32, 40, 0.9, 0}, [6]float32{40, 20, 50, 30, 0.3, 1}),
		boxes([6]float32{17, 24, 33, 40, 0.9, 0}),
		boxes([6]float32{18, 24, 34, 40, 0.3, 0}),
		boxes(),
	}
	for i, a := range answers {
		b.device.passes[0].answer(a, nil)
		b.at = b.at.Add(200 * time.Millisecond)
		if i+1 < len(answers) {
			b.runner.Frame(picture, uint32(i+1)*18000)
		}
	}
	// The first time nobody knows that it is an object; what scores low carries it on, and begins none.
	if got, want := b.sink.take(), "0 test 0 at 0.25,0.25; 18000 test 1 at 0.27,0.25; 36000 test 1 at 0.28,0.25; 54000 test"; got != want {
		t.Errorf("heard %q, want %q", got, want)
	}
}

func TestNeuralClassesAndThreshold(t *testing.T) {
	m := testModel()
	m.Classes, m.Score = []string{"car"}, 0.1
	b := newBench(Options{Model: m})
	b.runner.Frame(size{64, 64}, 0)
	if least := b.device.passes[0].spec.Network.Least; least != 0.1 {
		t.Errorf("least score %g", least)
	}
	b.device.passes[0].answer(boxes([6]float32{0, 0, 8, 8, 0.9, 0}, [6]float32{32, 32, 48, 48, 0.15, 1}), nil)
	if got := b.sink.take(); got != "0 test 0 at 0.50,0.50" {
		t.Errorf("heard %q", got)
	}
	// Another model ends the first one's pass, and its result is not heard.
	b.at = b.at.Add(time.Second)
	b.runner.Frame(size{64, 64}, 90000)
	late := b.device.passes[0].waiting[0]
	b.runner.Configure(Options{Model: testModel()})
	if !b.device.passes[0].closed {
		t.Error("the pass of a model that was taken back stays")
	}
	late(boxes([6]float32{0, 0, 8, 8, 0.9, 1}), nil)
	b.runner.Configure(Options{})
	if got := b.sink.take(); got != "" || b.runner.Due() {
		t.Errorf("heard %q", got)
	}
}

func TestNeuralRefusesWhatIsNoResult(t *testing.T) {
	b := newBench(Options{Model: testModel()})
	b.runner.Frame(size{64, 64}, 0)
	b.device.passes[0].answer([]byte{1}, nil)
	if got := b.sink.take(); got == "" {
		t.Error("a short result goes unheard")
	}
}
