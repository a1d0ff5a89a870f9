//go:build js && wasm

package gpu

import (
	"errors"

	"github.com/hack-pad/safejs"

	"sightline/shaders"
	"sightline/wasm/engine"
)

// Network is a plan on the GPU: its memory, and its kernels once they are compiled.
type Network struct {
	device *Device
	plan   *engine.Plan

	params, constants, arena, detections *Buffer
	fixed, changing                      safejs.Value
	kernels                              []safejs.Value
	// offsets are the dynamic offsets of the dispatches, as arrays, made once.
	offsets []safejs.Value
}

// networkLayouts are those that all kernels of all networks share.
type networkLayouts struct {
	fixed, changing, pipeline safejs.Value
}

// layouts makes the shared layouts when they are first needed.
func (d *Device) layouts() (networkLayouts, error) {
	if d.networks.pipeline.Type() == safejs.TypeObject {
		return d.networks, nil
	}
	entry := func(binding int, kind string) map[string]any {
		return map[string]any{"binding": binding, "visibility": int(shaders.Compute), "buffer": map[string]any{"type": kind}}
	}
	params := entry(0, "uniform")
	params["buffer"] = map[string]any{"type": "uniform", "hasDynamicOffset": true}
	var l networkLayouts
	var err error
	for _, g := range []struct {
		to      *safejs.Value
		entries []any
	}{
		{&l.fixed, []any{params, entry(1, "read-only-storage")}},
		{&l.changing, []any{entry(0, "storage"), entry(1, "storage")}},
	} {
		if *g.to, err = d.value.Call("createBindGroupLayout", map[string]any{"label": "network", "entries": g.entries}); err != nil {
			return l, err
		}
	}
	if l.pipeline, err = d.value.Call("createPipelineLayout", map[string]any{"label": "network", "bindGroupLayouts": []any{l.fixed, l.changing}}); err != nil {
		return l, err
	}
	d.networks = l
	return l, nil
}

// NewNetwork takes the memory of a plan and writes its constants. Compile must come before the first
// Encoder.Network.
func (d *Device) NewNetwork(label string, p *engine.Plan) (*Network, error) {
	n := &Network{device: d, plan: p}
	if err := n.allocate(label); err != nil {
		n.Close()
		return nil, err
	}
	return n, nil
}

func (n *Network) allocate(label string) error {
	d, p := n.device, n.plan
	layouts, err := d.layouts()
	if err != nil {
		return err
	}
	if n.params, err = d.NewUniform(label+" params", len(p.Params)); err != nil {
		return err
	}
	for _, b := range []struct {
		to   **Buffer
		name string
		size int
	}{{&n.constants, "constants", len(p.Constants)}, {&n.arena, "arena", p.Arena}, {&n.detections, "detections", p.Detections}} {
		// Arrays of quads are bound whole, so a buffer holds whole quads.
		if *b.to, err = d.NewStorage(label+" "+b.name, (b.size+15)&^15); err != nil {
			return err
		}
	}
	if err := n.params.Write(p.Params); err != nil {
		return err
	}
	if err := n.constants.Write(p.Constants); err != nil {
		return err
	}
	bind := func(layout safejs.Value, a, b map[string]any) (safejs.Value, error) {
		return d.methods.createBindGroup.Invoke(d.value, map[string]any{"label": label, "layout": layout, "entries": []any{
			map[string]any{"binding": 0, "resource": a}, map[string]any{"binding": 1, "resource": b}}})
	}
	if n.fixed, err = bind(layouts.fixed, map[string]any{"buffer": n.params.value, "size": engine.ParamsWindow}, map[string]any{"buffer": n.constants.value}); err != nil {
		return err
	}
	if n.changing, err = bind(layouts.changing, map[string]any{"buffer": n.arena.value}, map[string]any{"buffer": n.detections.value}); err != nil {
		return err
	}
	array, err := safejs.Global().Get("Array")
	if err != nil {
		return err
	}
	for _, dispatch := range p.Dispatches {
		offset, err := array.Call("of", dispatch.Params)
		if err != nil {
			return err
		}
		n.offsets = append(n.offsets, offset)
	}
	return nil
}

// Compile waits until all kernels are compiled; those of earlier networks are there already.
func (n *Network) Compile() error {
	d := n.device
	layouts, err := d.layouts()
	if err != nil {
		return err
	}
	if d.kernels == nil {
		d.kernels = map[string]safejs.Value{}
	}
	// All at once: browsers compile on several threads.
	promises := make(map[string]safejs.Value)
	for _, name := range n.plan.Kernels {
		if _, compiled := d.kernels[name]; compiled {
			continue
		}
		shader, err := shaders.Compose(name)
		if err != nil {
			return err
		}
		entry, ok := shader.EntryPoint(shaders.Compute)
		if !ok {
			return errors.New("gpu: " + name + " is no compute shader")
		}
		module, err := d.value.Call("createShaderModule", map[string]any{"label": name, "code": shader.Code})
		if err != nil {
			return err
		}
		if promises[name], err = d.value.Call("createComputePipelineAsync", map[string]any{"label": name, "layout": layouts.pipeline,
			"compute": map[string]any{"module": module, "entryPoint": entry.Name}}); err != nil {
			return err
		}
	}
	var kernels []safejs.Value
	for _, name := range n.plan.Kernels {
		if promise, pending := promises[name]; pending {
			pipeline, err := Await(promise)
			if err != nil {
				return errors.New("gpu: pipeline " + name + ": " + err.Error())
			}
			d.kernels[name] = pipeline
			delete(promises, name)
		}
		kernels = append(kernels, d.kernels[name])
	}
	n.kernels = kernels
	return nil
}

// Input is the memory of an input, for a kernel that makes it; its rows must be of whole quads.
func (n *Network) Input(i int) Resource {
	r := n.plan.Inputs[i]
	return Resource{map[string]any{"buffer": n.arena.value, "offset": r.Offset, "size": 4 * r.Rows() * r.Pitch}}
}

// WriteParams writes a part of the uniform, as engine.Plan.HeadParams says.
func (n *Network) WriteParams(offset int, data []byte) error {
	if len(data) == 0 {
		return nil
	}
	return n.params.writeAt(offset, data)
}

// Result is the buffer whose beginning is to be read back.
func (n *Network) Result() *Buffer { return n.detections }

// Close frees the memory. The kernels stay with the device.
func (n *Network) Close() {
	for _, b := range []*Buffer{n.params, n.constants, n.arena, n.detections} {
		b.Destroy()
	}
	n.params, n.constants, n.arena, n.detections = nil, nil, nil, nil
}

// Network records all dispatches of a network in one pass.
func (e *Encoder) Network(n *Network) {
	m := &e.device.methods
	pass := e.do(m.beginComputePass, e.value)
	e.do(m.computeSetBindGroup, pass, 1, n.changing)
	last := -1
	for i, d := range n.plan.Dispatches {
		if d.Kernel != last {
			e.do(m.computeSetPipeline, pass, n.kernels[d.Kernel])
			last = d.Kernel
		}
		e.do(m.computeSetBindGroup, pass, 0, n.fixed, n.offsets[i])
		e.do(m.dispatchWorkgroups, pass, int(d.X), int(d.Y))
	}
	e.do(m.computeEnd, pass)
}
