//go:build js && wasm

package picture

import (
	"errors"

	"sightline/wasm/detect"
	"sightline/wasm/gpu"
)

// texture lets a detector read a picture.
type texture struct{ *gpu.Texture }

// Size returns the picture's width and height.
func (t texture) Size() (width, height int) { return t.Width, t.Height }

// results on their way at most: one is read while the next picture is analysed.
const results = 3

// pass is a detector's kernels and memory on the GPU.
type pass struct {
	kit       *Kit
	spec      detect.Spec
	compiling []*compiling
	buffers   map[string]*gpu.Buffer
	zeros     []byte
	slots     *gpu.Slots

	groups [][]gpu.BindGroup
	bound  *gpu.Texture
	closed bool
}

// NewPass implements detect.Device. It begins to compile the kernels.
func (k *Kit) NewPass(s detect.Spec) (detect.Pass, error) {
	if s.Network != nil {
		return k.newNetworkPass(s)
	}
	p := &pass{kit: k, spec: s, buffers: map[string]*gpu.Buffer{}, zeros: make([]byte, s.Clear)}
	for _, step := range s.Steps {
		p.compiling = append(p.compiling, k.compile(step.Permutation))
	}
	err := p.allocate()
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

func (p *pass) allocate() error {
	var err error
	if p.buffers["params"], err = p.kit.Device.NewUniform(p.spec.Name+" params", p.spec.Params); err != nil {
		return err
	}
	for name, size := range p.spec.Storage {
		if p.buffers[name], err = p.kit.Device.NewStorage(p.spec.Name+" "+name, size); err != nil {
			return err
		}
	}
	if p.buffers[p.spec.Result] == nil {
		return errors.New("picture: pass " + p.spec.Name + " has no buffer " + p.spec.Result)
	}
	p.slots, err = p.kit.Device.NewSlots(p.spec.Name+" result", p.buffers[p.spec.Result].Size, results)
	return err
}

// ready tells whether all kernels are compiled.
func (p *pass) ready() bool {
	for _, c := range p.compiling {
		select {
		case <-c.done:
		default:
			return false
		}
	}
	return true
}

// Run implements detect.Pass. A fault comes through done, as a result does: later.
func (p *pass) Run(picture detect.Picture, params []byte, done func([]byte, error)) bool {
	t, ok := picture.(texture)
	if !ok || p.closed || !p.ready() {
		return false
	}
	slot := p.slots.Take()
	if slot == nil {
		return false
	}
	err := p.submit(t.Texture, params, slot)
	// Its goroutine ends with the result.
	go func() {
		if err != nil {
			slot.Return()
			done(nil, err)
			return
		}
		awaiter, err := gpu.NewAwaiter()
		if err != nil {
			slot.Return()
			done(nil, err)
			return
		}
		defer awaiter.Release()
		done(slot.Read(awaiter))
	}()
	return true
}

// submit records and submits all dispatches on a picture.
func (p *pass) submit(t *gpu.Texture, params []byte, slot *gpu.Slot) error {
	if err := p.bind(t); err != nil {
		return err
	}
	if err := p.buffers["params"].Write(params); err != nil {
		return err
	}
	if len(p.zeros) > 0 {
		if err := p.buffers[p.spec.Result].Write(p.zeros); err != nil {
			return err
		}
	}
	e := p.kit.Device.NewEncoder()
	for i, step := range p.spec.Steps {
		e.Compute(p.compiling[i].pipeline, p.groups[i], step.X, step.Y)
	}
	e.Copy(p.buffers[p.spec.Result], slot)
	return e.Submit()
}

// bind makes the steps' bind groups, anew when the picture is another texture.
func (p *pass) bind(t *gpu.Texture) error {
	if p.bound == t {
		return nil
	}
	p.groups = nil
	for i, step := range p.spec.Steps {
		c := p.compiling[i]
		if c.err != nil {
			return c.err
		}
		byGroup := []map[string]gpu.Resource{}
		for _, b := range c.pipeline.Shader.Bindings {
			for len(byGroup) <= int(b.Group) {
				byGroup = append(byGroup, map[string]gpu.Resource{})
			}
			if b.Name == "picture" {
				byGroup[b.Group][b.Name] = t.Resource()
				continue
			}
			buffer := p.buffers[step.Buffers[b.Name]]
			if buffer == nil {
				return errors.New("picture: " + step.Permutation + ": no buffer for " + b.Name)
			}
			byGroup[b.Group][b.Name] = buffer.Resource()
		}
		var groups []gpu.BindGroup
		for n, resources := range byGroup {
			g, err := c.pipeline.Bind(n, resources)
			if err != nil {
				return err
			}
			groups = append(groups, g)
		}
		p.groups = append(p.groups, groups)
	}
	p.bound = t
	return nil
}

// Close implements detect.Pass.
func (p *pass) Close() {
	p.closed = true
	for _, b := range p.buffers {
		b.Destroy()
	}
	p.slots.Close()
}
