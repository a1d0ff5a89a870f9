//go:build js && wasm

package gpu

import "github.com/hack-pad/safejs"

// Encoder records passes. The first error sticks; Submit returns it and submits nothing.
type Encoder struct {
	device *Device
	value  safejs.Value
	err    error
}

// NewEncoder begins a recording.
func (d *Device) NewEncoder() *Encoder {
	e := &Encoder{device: d}
	e.value, e.err = d.methods.createCommandEncoder.Invoke(d.value)
	return e
}

// do calls a method unless an error came before.
func (e *Encoder) do(method safejs.Value, args ...any) safejs.Value {
	if e.err != nil {
		return safejs.Undefined()
	}
	v, err := method.Invoke(args...)
	e.err = err
	return v
}

// Compute records one dispatch in a pass of its own.
func (e *Encoder) Compute(p *Pipeline, groups []BindGroup, x, y uint32) {
	m := &e.device.methods
	pass := e.do(m.beginComputePass, e.value)
	e.do(m.computeSetPipeline, pass, p.value)
	for i, g := range groups {
		e.do(m.computeSetBindGroup, pass, i, g.value)
	}
	e.do(m.dispatchWorkgroups, pass, int(x), int(y))
	e.do(m.computeEnd, pass)
}

// Draw is one draw of a render pass.
type Draw struct {
	Pipeline            *Pipeline
	Groups              []BindGroup
	Vertices, Instances int
}

// Render records a pass that clears a target to black and draws.
func (e *Encoder) Render(target Target, draws ...Draw) {
	m := &e.device.methods
	view := e.do(m.createView, target.value)
	pass := e.do(m.beginRenderPass, e.value, map[string]any{"colorAttachments": []any{map[string]any{
		"view": view, "loadOp": "clear", "storeOp": "store", "clearValue": []any{0, 0, 0, 1},
	}}})
	for _, d := range draws {
		e.do(m.renderSetPipeline, pass, d.Pipeline.value)
		for i, g := range d.Groups {
			e.do(m.renderSetBindGroup, pass, i, g.value)
		}
		e.do(m.draw, pass, d.Vertices, d.Instances)
	}
	e.do(m.renderEnd, pass)
}

// Submit ends the recording and hands it to the GPU.
func (e *Encoder) Submit() error {
	buffer := e.do(e.device.methods.finish, e.value)
	e.do(e.device.methods.submit, e.device.queue, []any{buffer})
	return e.err
}
