//go:build js && wasm

package player

import (
	"runtime"
	"strconv"
	"time"

	"sightline/shaders"
	"sightline/wasm/detect"
	"sightline/wasm/frame"
	"sightline/wasm/gpu"
	"sightline/wasm/link"
	"sightline/wasm/picture"
)

// Registry holds the players. All its state is touched by the program's one thread only, and never
// across a wait, so it needs no lock.
type Registry struct {
	port    *link.Port
	players map[int]*player
	// models are the neural detectors that the page has sent, by name.
	models map[string]*detect.Model
	kit    *picture.Kit
	// settled is closed while it is known whether there is a device.
	settled chan struct{}
	// ready is true once there has been one.
	ready bool
}

// reportEvery is the time between two reports of a player that draws.
const reportEvery = 250 * time.Millisecond

// New makes a registry without players and begins to listen to the page.
func New() (*Registry, error) {
	r := &Registry{players: map[int]*player{}, models: map[string]*detect.Model{}, settled: make(chan struct{})}
	port, err := link.Open(r.handle, func(err error) { r.problem(0, err.Error()) })
	r.port = port
	return r, err
}

// Run serves the device and the reports until the worker ends.
func (r *Registry) Run() {
	go r.report()
	for attempt := 0; ; {
		loss, err := r.serveDevice()
		if err == nil {
			attempt = 0
			r.send(map[string]any{"type": "lost", "reason": loss.Reason, "text": loss.Message})
			continue
		}
		// Just after a crash the browser may have no adapter for a moment.
		if attempt++; !r.ready || attempt > 5 {
			r.send(map[string]any{"type": "unavailable", "text": err.Error()})
			close(r.settled)
			// Players go on without a GPU, on the page; the worker keeps answering.
			select {}
		}
		time.Sleep(time.Duration(attempt) * 200 * time.Millisecond)
	}
}

// serveDevice opens a device, announces it and waits for its loss.
func (r *Registry) serveDevice() (gpu.Loss, error) {
	device, err := gpu.Open(func(message string) { r.problem(0, message) })
	if err != nil {
		return gpu.Loss{}, err
	}
	kit, err := picture.NewKit(device, 2)
	if err != nil {
		device.Close()
		return gpu.Loss{}, err
	}
	r.kit, r.ready = kit, true
	close(r.settled)
	r.send(map[string]any{
		"type": "ready", "adapter": device.Adapter, "format": device.CanvasFormat,
		"trackProcessor": frame.HasTrackProcessor(),
	})
	loss := <-device.Lost()
	r.kit, r.settled = nil, make(chan struct{})
	for _, p := range r.players {
		p.dropPainter()
	}
	kit.Close()
	device.Close()
	return loss, nil
}

// handle serves one message. It must not wait.
func (r *Registry) handle(m link.Message) {
	p := r.players[m.Player]
	switch m.Type {
	case "player":
		if p == nil {
			p = &player{registry: r, id: m.Player}
			p.analysis.player = p
			r.players[m.Player] = p
		}
		p.resize(m)
		p.configure(m)
		p.setCanvas(m)
		return
	case "convert":
		go r.convert(m)
		return
	case "counts":
		r.counts(m.Request)
		return
	case "annotation":
		r.annotate(m)
		return
	case "annotation-problem":
		r.problem(0, m.Text)
		return
	case "model":
		go r.addModel(m)
		return
	}
	if p == nil {
		r.problem(m.Player, "message "+m.Type+" for a player that does not exist")
		return
	}
	switch m.Type {
	case "frames":
		reader, err := frame.NewReader(m.Frames)
		p.read(reader, err)
	case "track":
		reader, err := frame.NewTrackReader(m.Track)
		p.read(reader, err)
	case "resize":
		p.resize(m)
	case "options":
		p.configure(m)
	case "overlay":
		p.setBoxes(m.Boxes)
	case "annotations":
		p.setAnnotations(m)
	case "detect":
		p.analysis.configure(m)
	case "read":
		p.requests = append(p.requests, readRequest{id: m.Request, left: m.Count, picture: m.Source == "picture"})
	case "remove":
		p.close()
		delete(r.players, m.Player)
	}
}

// report sends what changed in the players, four times a second.
func (r *Registry) report() {
	for range time.Tick(reportEvery) {
		for _, p := range r.players {
			p.report()
		}
	}
}

func (r *Registry) send(message map[string]any, transfer ...any) {
	// A message that cannot be sent cannot be reported either.
	_ = r.port.Send(message, transfer...)
}

// problem tells the page of a fault that is not the end of anything.
func (r *Registry) problem(player int, text string) {
	r.send(map[string]any{"type": "problem", "player": player, "text": text})
}

// counts answers how much the GPU and the program hold.
func (r *Registry) counts(request int) {
	runtime.GC() // what is garbage is not held
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	answer := map[string]any{"type": "counts", "request": request, "players": len(r.players),
		"buffers": 0, "textures": 0, "bytes": 0,
		"goroutines": runtime.NumGoroutine(), "heap": float64(memory.HeapAlloc), "memory": float64(memory.Sys)}
	if r.kit != nil {
		c := r.kit.Device.Counts()
		answer["buffers"], answer["textures"], answer["bytes"] = c.Buffers, c.Textures, c.Bytes
	}
	r.send(answer)
}

// convert serves one request for a picture and a tensor.
func (r *Registry) convert(m link.Message) {
	answer, transfer, err := r.converted(m)
	if err != nil {
		r.send(map[string]any{"type": "refused", "request": m.Request, "text": err.Error()})
		return
	}
	r.send(answer, transfer...)
}

func (r *Registry) converted(m link.Message) (map[string]any, []any, error) {
	f, err := frame.Wrap(m.Frame)
	if err != nil {
		return nil, nil, err
	}
	<-r.settled
	if r.kit == nil {
		f.Close()
		return nil, nil, gpu.ErrUnavailable
	}
	var tensor *shaders.Tensor
	if m.TensorWidth > 0 || m.TensorHeight > 0 {
		t := shaders.NewTensor(m.TensorWidth, m.TensorHeight)
		tensor = &t
	}
	c, err := r.kit.Convert(f, forced(m.Path), tensor)
	if err != nil {
		return nil, nil, err
	}
	pixels, err := c.Picture.Bytes()
	if err != nil {
		return nil, nil, err
	}
	answer := map[string]any{"type": "converted", "request": m.Request, "path": string(c.Path),
		"width": c.Width, "height": c.Height, "stride": c.Picture.Stride, "pixels": pixels}
	transfer := []any{pixels}
	if c.Tensor != nil {
		values, err := c.Tensor.Bytes()
		if err != nil {
			return nil, nil, err
		}
		answer["tensor"] = values
		transfer = append(transfer, values)
	}
	return answer, transfer, nil
}

// forced is the path that a message asks for; empty for the faster one.
func forced(path string) picture.Path {
	if path == "auto" {
		return ""
	}
	return picture.Path(path)
}

// keyText is what the overlay says of a frame's key.
func keyText(i frame.Info) string {
	if i.Key == frame.NoKey {
		return "rtp ≈ unknown"
	}
	return "rtp " + strconv.FormatUint(uint64(i.RTP), 10)
}
