//go:build js && wasm

package gpu

import "github.com/hack-pad/safejs"

// methods are the WebGPU methods used for each frame, as functions whose first argument is the object.
// Bound once, because a call by name copies and decodes the name each time.
type methods struct {
	onSubmittedWorkDone, writeBuffer, submit                           safejs.Value
	createCommandEncoder, createBindGroup, createView                  safejs.Value
	importExternalTexture, getCurrentTexture                           safejs.Value
	beginComputePass, beginRenderPass, copyTextureToBuffer, finish     safejs.Value
	computeSetPipeline, computeSetBindGroup, dispatchWorkgroups        safejs.Value
	computeEnd, renderSetPipeline, renderSetBindGroup, draw, renderEnd safejs.Value
}

func bindMethods() (methods, error) {
	var m methods
	for _, b := range []struct {
		to          *safejs.Value
		class, name string
	}{
		{&m.onSubmittedWorkDone, "GPUQueue", "onSubmittedWorkDone"},
		{&m.writeBuffer, "GPUQueue", "writeBuffer"},
		{&m.submit, "GPUQueue", "submit"},
		{&m.createCommandEncoder, "GPUDevice", "createCommandEncoder"},
		{&m.createBindGroup, "GPUDevice", "createBindGroup"},
		{&m.importExternalTexture, "GPUDevice", "importExternalTexture"},
		{&m.createView, "GPUTexture", "createView"},
		{&m.getCurrentTexture, "GPUCanvasContext", "getCurrentTexture"},
		{&m.beginComputePass, "GPUCommandEncoder", "beginComputePass"},
		{&m.beginRenderPass, "GPUCommandEncoder", "beginRenderPass"},
		{&m.copyTextureToBuffer, "GPUCommandEncoder", "copyTextureToBuffer"},
		{&m.finish, "GPUCommandEncoder", "finish"},
		{&m.computeSetPipeline, "GPUComputePassEncoder", "setPipeline"},
		{&m.computeSetBindGroup, "GPUComputePassEncoder", "setBindGroup"},
		{&m.dispatchWorkgroups, "GPUComputePassEncoder", "dispatchWorkgroups"},
		{&m.computeEnd, "GPUComputePassEncoder", "end"},
		{&m.renderSetPipeline, "GPURenderPassEncoder", "setPipeline"},
		{&m.renderSetBindGroup, "GPURenderPassEncoder", "setBindGroup"},
		{&m.draw, "GPURenderPassEncoder", "draw"},
		{&m.renderEnd, "GPURenderPassEncoder", "end"},
	} {
		f, err := unbound(b.class, b.name)
		if err != nil {
			return methods{}, err
		}
		*b.to = f
	}
	return m, nil
}

// unbound returns class.prototype.name as a function of (object, arguments...).
func unbound(class, name string) (safejs.Value, error) {
	v := safejs.Global()
	for _, key := range []string{class, "prototype", name} {
		next, err := v.Get(key)
		if err != nil {
			return next, err
		}
		v = next
	}
	call, err := v.Get("call")
	if err != nil {
		return call, err
	}
	return call.Call("bind", v)
}
