package infer

import (
	"math"
	"os"
	"testing"

	"github.com/asticode/go-astiav"
	onnx "github.com/yalue/onnxruntime_go"

	"sightline/relay/health"
	"sightline/relay/infer/letterbox"
	"sightline/relay/media"
	"sightline/shaders"
	"sightline/vision/annot"
)

// plain is the independent path: its own decoder, its own ONNX Runtime session,
// its own reading of the outputs, all written plainly.
type plain struct {
	t       testing.TB
	session *onnx.AdvancedSession
	input   *onnx.Tensor[float32]
	output  *onnx.Tensor[float32]
}

func newPlain(t testing.TB, model string) *plain {
	t.Helper()
	p := &plain{t: t}
	var err error
	if p.input, err = onnx.NewEmptyTensor[float32](onnx.NewShape(1, 3, 352, 352)); err != nil {
		t.Fatal(err)
	}
	if p.output, err = onnx.NewEmptyTensor[float32](onnx.NewShape(1, 85, 22, 22)); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(model)
	if err != nil {
		t.Fatal(err)
	}
	inputs, outputs, err := onnx.GetInputOutputInfoWithONNXData(data)
	if err != nil {
		t.Fatal(err)
	}
	o, err := onnx.NewSessionOptions()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Destroy()
	if err := o.SetIntraOpNumThreads(1); err != nil {
		t.Fatal(err)
	}
	p.session, err = onnx.NewAdvancedSessionWithONNXData(data, []string{inputs[0].Name}, []string{outputs[0].Name},
		[]onnx.Value{p.input}, []onnx.Value{p.output}, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = p.session.Destroy(); _ = p.input.Destroy(); _ = p.output.Destroy() })
	return p
}

// boxes runs the model and reads FastestDet's output cell by cell.
func (p *plain) boxes(tensor []float32, least float64) (out []annot.Object) {
	copy(p.input.GetData(), tensor)
	if err := p.session.Run(); err != nil {
		p.t.Fatal(err)
	}
	at := func(plane, y, x int) float64 { return float64(p.output.GetData()[(plane*22+y)*22+x]) }
	type cell struct {
		annot.Object
		class int
	}
	var all []cell
	for y := range 22 {
		for x := range 22 {
			class := 0
			for c := range 80 {
				if at(5+c, y, x) > at(5+class, y, x) {
					class = c
				}
			}
			score := math.Pow(at(0, y, x), 0.6) * math.Pow(at(5+class, y, x), 0.4)
			if score < least {
				continue
			}
			w, h := 1/(1+math.Exp(-at(3, y, x))), 1/(1+math.Exp(-at(4, y, x)))
			cx, cy := (float64(x)+math.Tanh(at(1, y, x)))/22, (float64(y)+math.Tanh(at(2, y, x)))/22
			box := annot.Box{X: float32(cx - w/2), Y: float32(cy - h/2), W: float32(w), H: float32(h)}
			all = append(all, cell{annot.Object{Score: float32(score), Box: box}, class})
		}
	}
	for i := range all { // greedy suppression, best first
		for j := i + 1; j < len(all); j++ {
			if all[j].Score > all[i].Score {
				all[i], all[j] = all[j], all[i]
			}
		}
	}
	var kept []cell
	for _, c := range all {
		free := true
		for _, k := range kept {
			free = free && !(k.class == c.class && k.Box.IoU(c.Box) > 0.45)
		}
		if free {
			kept = append(kept, c)
		}
	}
	for _, k := range kept {
		k.Box, _ = k.Box.Clip()
		out = append(out, k.Object)
	}
	return out
}

// decodeAll decodes access units with a decoder of its own.
func decodeAll(t testing.TB, units []media.AccessUnit, each func(i int, f *astiav.Frame)) {
	t.Helper()
	codec := astiav.FindDecoder(astiav.CodecIDH264)
	cc := astiav.AllocCodecContext(codec)
	defer cc.Free()
	if err := cc.Open(codec, nil); err != nil {
		t.Fatal(err)
	}
	packet, frame := astiav.AllocPacket(), astiav.AllocFrame()
	defer packet.Free()
	defer frame.Free()
	n := 0
	drain := func() {
		for cc.ReceiveFrame(frame) == nil {
			each(int(frame.Pts()), frame)
			n++
			frame.Unref()
		}
	}
	for i, au := range units {
		var b []byte
		for _, nalu := range au.NALUs {
			b = append(append(b, 0, 0, 0, 1), nalu...)
		}
		if err := packet.FromData(b); err != nil {
			t.Fatal(err)
		}
		packet.SetPts(int64(i))
		packet.SetDts(int64(i))
		if err := cc.SendPacket(packet); err != nil {
			t.Fatal(err)
		}
		packet.Unref()
		drain()
	}
	_ = cc.SendPacket(nil)
	drain()
	if n != len(units) {
		t.Fatalf("%d of %d pictures decoded", n, len(units))
	}
}

// resize is a bilinear resize by half-pixel centres of the whole picture to
// the model's input, from limited range with the matrix's share of red and blue, in B, G, R of
// 0..1.
func resize(planes []byte, width, height, size int, kr, kb float64) []float32 {
	pixel := func(x, y int) (rgb [3]float64) {
		l := (float64(planes[y*width+x]) - 16) / 219
		chroma := planes[width*height:]
		at := y/2*(width/2) + x/2
		u, v := (float64(chroma[at])-128)/224, (float64(chroma[width*height/4+at])-128)/224
		r, b := l+2*(1-kr)*v, l+2*(1-kb)*u
		rgb = [3]float64{r, (l - kr*r - kb*b) / (1 - kr - kb), b}
		for i := range rgb {
			rgb[i] = min(max(rgb[i], 0), 1)
		}
		return rgb
	}
	out := make([]float32, 3*size*size)
	for y := range size {
		for x := range size {
			sx := min(max((float64(x)+0.5)*float64(width)/float64(size)-0.5, 0), float64(width-1))
			sy := min(max((float64(y)+0.5)*float64(height)/float64(size)-0.5, 0), float64(height-1))
			x0, y0 := int(sx), int(sy)
			x1, y1 := min(x0+1, width-1), min(y0+1, height-1)
			fx, fy := sx-float64(x0), sy-float64(y0)
			a, b, c, d := pixel(x0, y0), pixel(x1, y0), pixel(x0, y1), pixel(x1, y1)
			for i := range 3 {
				v := a[i]*(1-fx)*(1-fy) + b[i]*fx*(1-fy) + c[i]*(1-fx)*fy + d[i]*fx*fy
				out[((2-i)*size+y)*size+x] = float32(v)
			}
		}
	}
	return out
}

// match pairs boxes one to one and returns how many have no partner at the
// overlap, those within 0.02 of the threshold left out.
func match(a, b []annot.Object, threshold, iou float32) (alone int) {
	for _, pair := range [][2][]annot.Object{{a, b}, {b, a}} {
		for _, x := range pair[0] {
			if x.Score < threshold+0.02 {
				continue
			}
			found := false
			for _, y := range pair[1] {
				found = found || x.Box.IoU(y.Box) >= iou
			}
			if !found {
				alone++
			}
		}
	}
	return alone
}

// TestBoxesEqualPlainONNXRuntime sends real clips through a stream, and
// compares tensors and boxes with the plain path, frame by frame.
func TestBoxesEqualPlainONNXRuntime(t *testing.T) {
	for _, clip := range []string{"one-by-one-person-detection.mp4", "car-detection.mp4"} {
		t.Run(clip, func(t *testing.T) {
			const step = 9000
			units := pictures(t, clip, 150, step)
			s := store(t)
			c, _, err := s.Load("fastestdet")
			if err != nil {
				t.Fatal(err)
			}
			st, f := stream(t, "gate")
			l := newListener()
			board := &health.Board{}
			e := New(Config{Models: s, Publish: l, Board: board}, []Analysis{{Stream: st, Model: "fastestdet", FPS: 100}})
			start(t, e.Run)
			results := make([]annot.Detections, len(units))
			for i, au := range units {
				f.put(au)
				results[i] = l.wait(t)
				if i > 0 && results[i].RTP-results[i-1].RTP != step {
					t.Fatalf("frame %d has RTP %d after %d", i, results[i].RTP, results[i-1].RTP)
				}
			}
			if got := board.All(); len(got) != 0 {
				t.Errorf("conditions %v", got)
			}
			p := newPlain(t, s.Path("fastestdet"))
			tensor := Tensor(c.Input)
			values := make([]float32, tensor.Bytes()/4)
			var resizer letterbox.Resizer
			boxes, alone, worst := 0, 0, 0.0
			decodeAll(t, units, func(i int, frame *astiav.Frame) {
				planes := make([]byte, 768*432*3/2)
				if _, err := frame.ImageCopyToBuffer(planes, 1); err != nil {
					t.Fatal(err)
				}
				packed, _ := shaders.PackedFrame(shaders.I420, 768, 432)
				kr, kb := 0.2126, 0.0722
				if frame.ColorSpace() == astiav.ColorSpaceSmpte170M {
					packed.Matrix, kr, kb = shaders.BT601, 0.299, 0.114
				}
				if err := resizer.Fill(packed, planes, tensor, values); err != nil {
					t.Fatal(err)
				}
				if i%10 == 0 {
					for k, v := range resize(planes, 768, 432, 352, kr, kb) {
						worst = max(worst, math.Abs(float64(v-values[k]))*255)
					}
				}
				want := p.boxes(values, float64(c.Thresholds.Score)-0.02)
				var got []annot.Object
				for _, o := range results[i].Objects {
					if o.Score >= c.Thresholds.Score {
						got = append(got, o)
					}
				}
				boxes += len(got)
				if n := match(got, want, c.Thresholds.Score, 0.99); n > 0 {
					alone += n
					t.Errorf("frame %d: %v, plain %v", i, got, want)
				}
			})
			t.Logf("%d boxes in %d frames, %d without partner; tensor off by %.3f of 255", boxes, len(units), alone, worst)
			if worst > 2 {
				t.Errorf("the tensor is off by %.2f of 255", worst)
			}
			if clip[0] == 'o' && boxes < 60 {
				t.Errorf("only %d boxes", boxes)
			}
			announced := 0
			for _, m := range l.messages {
				if a, ok := m.(annot.Analysing); ok && a.Epoch == st.Epoch() {
					announced++
				}
			}
			if announced != len(units) {
				t.Errorf("%d frames were announced, of %d", announced, len(units))
			}
			if st.Viewers() != 0 {
				t.Error("the analysis counts as a viewer")
			}
			t.Logf("%+v", e.Stats()[0])
		})
	}
}
