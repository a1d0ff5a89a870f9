//go:build js && wasm

package player

import (
	"errors"
	"io"
	"time"

	"sightline/shaders"
	"sightline/wasm/frame"
	"sightline/wasm/link"
	"sightline/wasm/overlay"
	"sightline/wasm/picture"
)

// player draws one stream of frames onto one canvas.
type player struct {
	registry *Registry
	id       int

	reader  *frame.Reader
	painter *picture.Painter
	// painting is true while a frame is with the painter, which is then not closed but given up.
	painting bool

	width, height int
	scale         float32
	path          picture.Path
	showKey       bool
	visible       bool
	boxes         []overlay.Box
	annotations   annotated
	requests      []readRequest
	analysis      analysis

	shown    shown
	reported int
	failures int
}

// readRequest asks for copies of the next frames.
type readRequest struct {
	id, left int
	picture  bool
}

// shown is what the page wants to know of the last frame.
type shown struct {
	frames        int
	info          frame.Info
	path          picture.Path
	width, height int
	gpu           time.Duration
}

// maxFailures in a row end a player's GPU drawing: the page then takes another rung.
const maxFailures = 10

func (p *player) resize(m link.Message) {
	p.width, p.height, p.scale = m.Width, m.Height, float32(m.Scale)
}

func (p *player) configure(m link.Message) {
	p.path, p.showKey, p.visible = forced(m.Path), m.Overlay == "key", m.Visible
}

func (p *player) setBoxes(boxes []link.Box) {
	p.boxes = p.boxes[:0]
	for _, b := range boxes {
		p.boxes = append(p.boxes, overlay.Box{Rect: b.Rect, Label: b.Label, Color: shaders.Color(b.Color), Predicted: b.Predicted})
	}
}

// setCanvas begins to draw onto a canvas, instead of the one before.
func (p *player) setCanvas(m link.Message) {
	p.dropPainter()
	p.failures = 0
	kit := p.registry.kit
	if kit == nil {
		return // the page sends a fresh canvas when there is a device
	}
	canvas, err := kit.Device.NewCanvas(m.Canvas)
	if err != nil {
		p.fail(err)
		return
	}
	p.analysis.reset(kit)
	if p.painter, err = picture.NewPainter(kit, canvas); err != nil {
		p.fail(err)
	}
}

// dropPainter frees the painter, or leaves that to the goroutine that paints with it.
func (p *player) dropPainter() {
	if p.painter != nil && !p.painting {
		p.painter.Close()
	}
	p.painter = nil
}

// read begins to read frames, instead of those before.
func (p *player) read(reader *frame.Reader, err error) {
	if p.reader != nil {
		p.reader.Cancel()
		p.reader = nil
	}
	if err != nil {
		p.fail(err)
		return
	}
	p.reader = reader
	p.reported = -1 // the first frame is reported at once
	go p.loop(reader)
}

// loop draws frames until its stream ends; Cancel on the reader ends it.
func (p *player) loop(reader *frame.Reader) {
	defer reader.Release()
	for {
		f, err := reader.Next()
		if err != nil {
			if !errors.Is(err, io.EOF) {
				p.registry.problem(p.id, err.Error())
			}
			break
		}
		p.show(f)
	}
	if p.reader == reader {
		p.reader = nil
		p.registry.send(map[string]any{"type": "ended", "player": p.id})
	}
}

// show draws a frame, or closes it where nobody would see it.
func (p *player) show(f *frame.Frame) {
	painter := p.painter
	if painter == nil || !p.visible || p.painting {
		f.Close()
		return
	}
	info := f.Info
	p.painting = true
	p.hold(info)
	p.painting = false
	if p.painter != painter || !p.visible {
		if p.painter != painter {
			painter.Close() // its canvas was taken away while the frame was held
		}
		f.Close()
		return
	}
	begun := time.Now()
	request := p.takeRequest()
	p.draw(info)
	o := picture.Options{Width: p.width, Height: p.height, Scale: p.scale, Path: p.path}
	if p.showKey || len(p.boxes) > 0 || len(p.annotations.boxes) > 0 {
		o.Annotate = func(l *overlay.Layout) { p.annotate(l, info) }
	}
	if request != nil {
		o.ReadCanvas, o.ReadPicture = !request.picture, request.picture
	}
	o.Keep = p.analysis.due(info)
	p.painting = true
	painted, err := painter.Paint(f, o)
	p.painting = false
	if p.painter != painter {
		painter.Close() // its canvas was taken away meanwhile
	}
	if err != nil {
		if request != nil {
			p.registry.send(map[string]any{"type": "refused", "request": request.id, "text": err.Error()})
		}
		if p.painter == painter {
			p.failed(err)
		}
		return
	}
	p.failures = 0
	p.shown = shown{frames: p.shown.frames + 1, info: info, path: painted.Path,
		width: painted.Width, height: painted.Height, gpu: time.Since(begun)}
	if p.reported < 0 {
		p.report()
	}
	if o.Keep {
		p.analysis.frame(painter, info)
	}
	if painted.Copy != nil {
		p.sendCopy(*request, info, painted)
	}
}

func (p *player) annotate(l *overlay.Layout, info frame.Info) {
	for _, b := range p.boxes {
		l.Box(b)
	}
	p.annotations.layOut(l)
	if p.showKey {
		l.Note(overlay.BottomLeft, 0, keyText(info))
	}
}

// takeRequest returns the first request for a copy, and forgets it with its last frame.
func (p *player) takeRequest() *readRequest {
	if len(p.requests) == 0 {
		return nil
	}
	p.requests[0].left--
	r := p.requests[0]
	if r.left <= 0 {
		p.requests = p.requests[1:]
	}
	return &r
}

// sendCopy reads a copy and posts it to the page.
func (p *player) sendCopy(request readRequest, info frame.Info, painted picture.Painted) {
	c := painted.Copy
	pixels, err := c.Bytes()
	if err != nil {
		p.registry.send(map[string]any{"type": "refused", "request": request.id, "text": err.Error()})
		return
	}
	labels, predicted := p.annotations.labels()
	format := "rgba8unorm"
	if !request.picture && p.registry.kit != nil {
		format = p.registry.kit.Device.CanvasFormat
	}
	message := map[string]any{
		"type": "pixels", "request": request.id, "player": p.id, "left": max(request.left, 0),
		"width": c.Width, "height": c.Height, "stride": c.Stride, "format": format,
		"path": string(painted.Path), "keySource": string(info.Key), "rtp": nil, "timestamp": float64(info.Timestamp), "pixels": pixels,
		"labels": labels, "predicted": predicted,
	}
	if info.Key != frame.NoKey {
		message["rtp"] = float64(info.RTP)
	}
	p.registry.send(message, pixels)
}

// report tells the page of the last frame, if it was not told yet.
func (p *player) report() {
	s := p.shown
	if s.frames == 0 || s.frames == p.reported {
		return
	}
	p.reported = s.frames
	message := map[string]any{
		"type": "report", "player": p.id, "frames": s.frames, "width": s.width, "height": s.height,
		"format": s.info.Format, "path": string(s.path), "keySource": string(s.info.Key), "rtp": nil,
		"gpu": float64(s.gpu) / float64(time.Millisecond), "annotations": p.annotations.report(),
	}
	if s.info.Key != frame.NoKey {
		message["rtp"] = float64(s.info.RTP)
	}
	p.registry.send(message)
}

// failed counts a frame that could not be drawn.
func (p *player) failed(err error) {
	p.failures++
	if p.failures == maxFailures {
		p.fail(err)
		return
	}
	if p.failures == 1 {
		p.registry.problem(p.id, err.Error())
	}
}

// fail tells the page that this player cannot draw with the GPU.
func (p *player) fail(err error) {
	p.dropPainter()
	p.registry.send(map[string]any{"type": "failed", "player": p.id, "text": err.Error()})
}

// close ends the player; its goroutine ends with its stream.
func (p *player) close() {
	if p.reader != nil {
		reader := p.reader
		p.reader = nil
		reader.Cancel()
	}
	p.visible = false
	p.analysis.close()
	p.dropPainter()
}
