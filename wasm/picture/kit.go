//go:build js && wasm

package picture

import (
	"sightline/shaders"
	"sightline/wasm/gpu"
	"sightline/wasm/overlay"
)

// Kit is what all canvases of a device share.
type Kit struct {
	Device *gpu.Device
	// Choice is the device's choice of path.
	Choice Choice

	atlasTexture *gpu.Texture
	atlas        overlay.Atlas
	linear       gpu.Resource
	pipelines    map[string]*compiling
}

// compiling is a pipeline that is there when done is closed.
type compiling struct {
	done     chan struct{}
	pipeline *gpu.Pipeline
	err      error
}

// fontSize is the height of overlay text in CSS pixels.
const fontSize = 12

// NewKit prepares a device; scale is the page's device pixels for each CSS pixel. It begins to compile
// the pipelines that the first frame needs.
func NewKit(d *gpu.Device, scale float64) (*Kit, error) {
	k := &Kit{Device: d, pipelines: map[string]*compiling{}}
	var err error
	if k.linear, err = d.NewSampler(true); err != nil {
		return nil, err
	}
	if k.atlasTexture, k.atlas, err = d.NewAtlas(overlay.Characters, fontSize, scale); err != nil {
		return nil, err
	}
	for _, name := range []string{"planes_i420", "picture", "overlay"} {
		k.compile(name)
	}
	return k, nil
}

// compile begins to compile a permutation, or returns the one begun before. Its goroutine ends with
// the compilation; who needs the pipeline waits for it.
func (k *Kit) compile(name string) *compiling {
	c, ok := k.pipelines[name]
	if ok {
		return c
	}
	c = &compiling{done: make(chan struct{})}
	k.pipelines[name] = c
	go func() {
		defer close(c.done)
		switch name {
		case "picture", "picture_external", "overlay":
			c.pipeline, c.err = k.Device.NewRender(name, name == "overlay")
		default:
			c.pipeline, c.err = k.Device.NewCompute(name)
		}
	}()
	return c
}

// pipeline returns a permutation's pipeline.
func (k *Kit) pipeline(name string) (*gpu.Pipeline, error) {
	c := k.compile(name)
	<-c.done
	return c.pipeline, c.err
}

// Close frees what the kit made. The device stays.
func (k *Kit) Close() { k.atlasTexture.Destroy() }

// storagePadding is what the planes kernels may read beyond the last plane: loads are of whole words.
const storagePadding = 8

// uniform is a uniform buffer that is written when its content changes.
type uniform struct {
	buffer *gpu.Buffer
	last   string
}

func (u *uniform) set(d *gpu.Device, label string, data []byte) error {
	if u.buffer == nil {
		b, err := d.NewUniform(label, len(data))
		if err != nil {
			return err
		}
		u.buffer = b
	}
	if u.last == string(data) {
		return nil
	}
	u.last = string(data)
	return u.buffer.Write(data)
}

// converter holds the GPU memory between a frame and its upright RGBA picture.
type converter struct {
	kit *Kit
	// planes is the frame's bytes, params what the kernel must know of them, picture the result.
	planes  *gpu.Buffer
	params  uniform
	picture *gpu.Texture
	groups  []gpu.BindGroup
	// bound is the permutation that groups belong to; empty when memory was replaced.
	bound string
}

// reserve makes planes and picture large enough. A picture has its exact size: it is sampled whole.
func (c *converter) reserve(planes, width, height int) error {
	if planes > 0 && (c.planes == nil || c.planes.Size < planes+storagePadding) {
		c.planes.Destroy()
		var err error
		if c.planes, err = c.kit.Device.NewStorage("planes", planes+storagePadding); err != nil {
			return err
		}
		c.bound = ""
	}
	if c.picture == nil || c.picture.Width != width || c.picture.Height != height {
		c.picture.Destroy()
		var err error
		if c.picture, err = c.kit.Device.NewPicture("picture", width, height); err != nil {
			return err
		}
		c.bound = ""
	}
	return nil
}

// convertPlanes records the pass from planes to picture. The planes are in c.planes.
func (c *converter) convertPlanes(e *gpu.Encoder, p *gpu.Pipeline, f shaders.Frame, size int) error {
	params, err := f.Params(size)
	if err != nil {
		return err
	}
	if err := c.params.set(c.kit.Device, "frame", params.Append(nil)); err != nil {
		return err
	}
	if c.bound != p.Shader.Name {
		fixed, err := p.Bind(0, map[string]gpu.Resource{"frame": c.params.buffer.Resource()})
		if err != nil {
			return err
		}
		changing, err := p.Bind(1, map[string]gpu.Resource{"planes": c.planes.Resource(), "picture": c.picture.Resource()})
		if err != nil {
			return err
		}
		c.groups, c.bound = []gpu.BindGroup{fixed, changing}, p.Shader.Name
	}
	x, y := p.Shader.Dispatch(c.picture.Width, c.picture.Height, 0, 0)
	e.Compute(p, c.groups, x, y)
	return nil
}

// convertExternal records the pass from an external texture to picture.
func (c *converter) convertExternal(e *gpu.Encoder, p *gpu.Pipeline, source gpu.Resource) error {
	none, err := p.Bind(0, nil)
	if err != nil {
		return err
	}
	group, err := p.Bind(1, map[string]gpu.Resource{"source": source, "picture": c.picture.Resource()})
	if err != nil {
		return err
	}
	x, y := p.Shader.Dispatch(c.picture.Width, c.picture.Height, 0, 0)
	e.Compute(p, []gpu.BindGroup{none, group}, x, y)
	return nil
}

func (c *converter) close() {
	c.planes.Destroy()
	c.params.buffer.Destroy()
	c.picture.Destroy()
	c.planes, c.params, c.picture, c.bound = nil, uniform{}, nil, ""
}
