//go:build js && wasm

package picture

import (
	"errors"
	"time"

	"sightline/shaders"
	"sightline/wasm/detect"
	"sightline/wasm/frame"
	"sightline/wasm/gpu"
	"sightline/wasm/overlay"
)

// Painter draws frames onto one canvas. It is used by one goroutine at a time.
type Painter struct {
	kit     *Kit
	canvas  *gpu.Canvas
	staging frame.Staging
	awaiter *gpu.Awaiter

	conv    converter
	view    uniform
	shapes  *gpu.Buffer
	layout  overlay.Layout
	scratch []byte

	pictureGroups []gpu.BindGroup
	pictureBound  *gpu.Texture
	overlayGroups []gpu.BindGroup
}

// Options say how to paint a frame.
type Options struct {
	// Width and Height of the canvas in device pixels; 0 for the picture's own size.
	Width, Height int
	// Scale is device pixels for each CSS pixel.
	Scale float32
	// Path forces a path where the frame allows it; empty for the faster one.
	Path Path
	// Annotate adds the overlay; nil for none.
	Annotate func(*overlay.Layout)
	// ReadCanvas and ReadPicture ask for a copy of the canvas, or of the picture without overlay.
	ReadCanvas, ReadPicture bool
	// Keep leaves the picture without overlay for Painter.Picture, until the next Paint.
	Keep bool
}

// Painted is what became of a frame.
type Painted struct {
	Path Path
	// Width and Height of the upright picture.
	Width, Height int
	// Copy is what ReadCanvas or ReadPicture asked for; the caller reads or discards it.
	Copy *gpu.Readback
}

// NewPainter takes a canvas that OpenCanvas made for the kit's device.
func NewPainter(k *Kit, canvas *gpu.Canvas) (*Painter, error) {
	a, err := gpu.NewAwaiter()
	if err != nil {
		return nil, err
	}
	return &Painter{kit: k, canvas: canvas, awaiter: a, conv: converter{kit: k}, layout: overlay.Layout{Atlas: &k.atlas}}, nil
}

// Paint draws a frame and closes it, and returns when the GPU has finished.
func (p *Painter) Paint(f *frame.Frame, o Options) (Painted, error) {
	closed := false
	closeFrame := func() {
		if !closed {
			closed = true
			f.Close()
		}
	}
	defer closeFrame()

	width, height := f.Info.Size()
	if width < 1 || height < 1 {
		return Painted{}, errors.New("picture: frame has no size")
	}
	planes, size, hasPlanes := f.Info.Planes()
	path, measure := o.Path, false
	switch {
	case !hasPlanes:
		path = External
	case path == "":
		path, measure = p.kit.Choice.Next(), true
	}
	painted := Painted{Path: path, Width: width, Height: height}

	begun := time.Now()
	err := p.record(f, &painted, planes, size, o)
	if err != nil {
		if measure && path == External {
			p.kit.Choice.Failed(External)
		}
		return Painted{}, err
	}
	// Only now: the GPU process reads an external texture's frame until its commands are submitted.
	closeFrame()
	if err := p.kit.Device.Done(p.awaiter); err != nil {
		return painted, err
	}
	if measure && !o.ReadCanvas && !o.ReadPicture {
		p.kit.Choice.Measured(path, time.Since(begun))
	}
	return painted, nil
}

// record encodes and submits all passes of a frame. All waiting comes first: the canvas's texture and
// an external texture live no longer than the current task.
func (p *Painter) record(f *frame.Frame, out *Painted, planes shaders.Frame, size int, o Options) error {
	direct := out.Path == External && !o.ReadPicture && !o.Keep
	var convert, draw, over *gpu.Pipeline
	var err error
	if direct {
		draw, err = p.kit.pipeline("picture_external")
	} else if draw, err = p.kit.pipeline("picture"); err == nil {
		name := "external"
		if out.Path == Planes {
			name = shaders.PlanesPermutation(planes.Format, false)
		}
		convert, err = p.kit.pipeline(name)
	}
	if err != nil {
		return err
	}
	if over, err = p.kit.pipeline("overlay"); err != nil {
		return err
	}
	if !direct {
		need := 0
		if out.Path == Planes {
			need = size
		}
		if err := p.conv.reserve(need, out.Width, out.Height); err != nil {
			return err
		}
	}
	if out.Path == Planes {
		if err := p.staging.CopyTo(f, size, p.conv.planes, p.awaiter); err != nil {
			return err
		}
	}

	canvasWidth, canvasHeight := o.Width, o.Height
	if canvasWidth < 1 || canvasHeight < 1 {
		canvasWidth, canvasHeight = out.Width, out.Height
	}
	view := fitView(canvasWidth, canvasHeight, out.Width, out.Height, o.Scale)
	if err := p.view.set(p.kit.Device, "view", view.Append(nil)); err != nil {
		return err
	}
	shapes, err := p.annotate(o.Annotate, over)
	if err != nil {
		return err
	}

	e := p.kit.Device.NewEncoder()
	var source gpu.Resource
	if out.Path == External {
		if source, err = f.External(p.kit.Device); err != nil {
			return err
		}
	}
	switch {
	case out.Path == Planes:
		err = p.conv.convertPlanes(e, convert, planes, size)
	case !direct:
		err = p.conv.convertExternal(e, convert, source)
	}
	if err != nil {
		return err
	}
	groups, err := p.bindPicture(draw, source, direct)
	if err != nil {
		return err
	}
	target, err := p.canvas.Target(canvasWidth, canvasHeight)
	if err != nil {
		return err
	}
	draws := []gpu.Draw{{Pipeline: draw, Groups: groups, Vertices: shaders.PictureVertices, Instances: 1}}
	if shapes > 0 {
		draws = append(draws, gpu.Draw{Pipeline: over, Groups: p.overlayGroups, Vertices: shaders.OverlayVertices, Instances: shapes})
	}
	e.Render(target, draws...)
	switch {
	case o.ReadCanvas:
		out.Copy, err = e.ReadTarget(target)
	case o.ReadPicture:
		out.Copy, err = e.ReadTexture(p.conv.picture, out.Width, out.Height)
	}
	if err != nil {
		return err
	}
	if err := e.Submit(); err != nil {
		if out.Copy != nil {
			out.Copy.Discard()
			out.Copy = nil
		}
		return err
	}
	return nil
}

// Picture is the upright RGBA picture of the last Paint with Keep.
func (p *Painter) Picture() detect.Picture { return texture{p.conv.picture} }

// annotate lays the overlay out, uploads its shapes and returns their number.
func (p *Painter) annotate(annotate func(*overlay.Layout), over *gpu.Pipeline) (int, error) {
	p.layout.Reset()
	if annotate == nil {
		return 0, nil
	}
	annotate(&p.layout)
	n := len(p.layout.Shapes())
	if n == 0 {
		return 0, nil
	}
	p.scratch = p.layout.Append(p.scratch[:0])
	if p.shapes == nil || p.shapes.Size < len(p.scratch) {
		p.shapes.Destroy()
		// Room to grow, so that one box more does not mean a new buffer.
		b, err := p.kit.Device.NewStorage("shapes", max(64, 2*n)*shaders.ShapeSize)
		if err != nil {
			p.shapes = nil
			return 0, err
		}
		p.shapes, p.overlayGroups = b, nil
	}
	if err := p.shapes.Write(p.scratch); err != nil {
		return 0, err
	}
	if p.overlayGroups == nil {
		fixed, err := over.Bind(0, map[string]gpu.Resource{"view": p.view.buffer.Resource(), "shapes": p.shapes.Resource()})
		if err != nil {
			return 0, err
		}
		atlas, err := over.Bind(1, map[string]gpu.Resource{"atlas": p.kit.atlasTexture.Resource(), "atlas_sampler": p.kit.linear})
		if err != nil {
			return 0, err
		}
		p.overlayGroups = []gpu.BindGroup{fixed, atlas}
	}
	return n, nil
}

// bindPicture binds what the picture's draw samples. An external texture is new with each frame.
func (p *Painter) bindPicture(draw *gpu.Pipeline, source gpu.Resource, direct bool) ([]gpu.BindGroup, error) {
	if !direct {
		if p.pictureBound == p.conv.picture {
			return p.pictureGroups, nil
		}
		source = p.conv.picture.Resource()
	}
	fixed, err := draw.Bind(0, map[string]gpu.Resource{"view": p.view.buffer.Resource()})
	if err != nil {
		return nil, err
	}
	changing, err := draw.Bind(1, map[string]gpu.Resource{"picture": source, "picture_sampler": p.kit.linear})
	if err != nil {
		return nil, err
	}
	groups := []gpu.BindGroup{fixed, changing}
	if !direct {
		p.pictureGroups, p.pictureBound = groups, p.conv.picture
	}
	return groups, nil
}

// Close frees the painter's memory and its canvas, when no Paint is under way.
func (p *Painter) Close() {
	p.conv.close()
	p.view.buffer.Destroy()
	p.shapes.Destroy()
	p.canvas.Close()
	p.awaiter.Release()
}
