//go:build js && wasm

package gpu

import (
	"errors"
	"strconv"

	"github.com/hack-pad/safejs"

	"sightline/shaders"
)

// Pipeline is a compute or render pipeline with the layouts of its bind groups.
type Pipeline struct {
	device  *Device
	value   safejs.Value
	groups  []safejs.Value
	compute bool
	// Shader is what the pipeline was made from.
	Shader *shaders.Shader
}

// NewCompute makes the pipeline of a compute permutation and waits until it is compiled.
func (d *Device) NewCompute(name string) (*Pipeline, error) {
	p, module, layout, err := d.prepare(name)
	if err != nil {
		return nil, err
	}
	p.compute = true
	entry, _ := p.Shader.EntryPoint(shaders.Compute)
	return p, p.create("createComputePipelineAsync", map[string]any{
		"label": name, "layout": layout,
		"compute": map[string]any{"module": module, "entryPoint": entry.Name},
	})
}

// NewRender makes the pipeline of a drawing permutation onto a canvas (triangle strip), with
// premultiplied alpha blending if blend, and waits until it is compiled.
func (d *Device) NewRender(name string, blend bool) (*Pipeline, error) {
	p, module, layout, err := d.prepare(name)
	if err != nil {
		return nil, err
	}
	target := map[string]any{"format": d.CanvasFormat}
	if blend {
		over := map[string]any{"srcFactor": "one", "dstFactor": "one-minus-src-alpha"}
		target["blend"] = map[string]any{"color": over, "alpha": over}
	}
	vertex, _ := p.Shader.EntryPoint(shaders.Vertex)
	fragment, _ := p.Shader.EntryPoint(shaders.Fragment)
	return p, p.create("createRenderPipelineAsync", map[string]any{
		"label": name, "layout": layout,
		"vertex":    map[string]any{"module": module, "entryPoint": vertex.Name},
		"fragment":  map[string]any{"module": module, "entryPoint": fragment.Name, "targets": []any{target}},
		"primitive": map[string]any{"topology": "triangle-strip"},
	})
}

func (p *Pipeline) create(method string, descriptor map[string]any) error {
	promise, err := p.device.value.Call(method, descriptor)
	if err != nil {
		return err
	}
	if p.value, err = Await(promise); err != nil {
		return errors.New("gpu: pipeline " + p.Shader.Name + ": " + err.Error())
	}
	return nil
}

// prepare composes a permutation, compiles its module and makes the layouts its bindings ask for.
// Explicit layouts, because layout "auto" drops bindings that a permutation does not use.
func (d *Device) prepare(name string) (p *Pipeline, module, layout safejs.Value, err error) {
	shader, err := shaders.Compose(name)
	if err != nil {
		return nil, module, layout, err
	}
	p = &Pipeline{device: d, Shader: shader}
	if module, err = d.value.Call("createShaderModule", map[string]any{"label": name, "code": shader.Code}); err != nil {
		return nil, module, layout, err
	}
	var groups []any
	for _, bindings := range shader.Groups() {
		entries := make([]any, len(bindings))
		for i, b := range bindings {
			entries[i] = layoutEntry(b)
		}
		g, err := d.value.Call("createBindGroupLayout", map[string]any{"label": name, "entries": entries})
		if err != nil {
			return nil, module, layout, err
		}
		p.groups, groups = append(p.groups, g), append(groups, g)
	}
	layout, err = d.value.Call("createPipelineLayout", map[string]any{"label": name, "bindGroupLayouts": groups})
	return p, module, layout, err
}

func layoutEntry(b shaders.Binding) map[string]any {
	e := map[string]any{"binding": int(b.Index), "visibility": int(b.Visibility)}
	switch b.Kind {
	case shaders.UniformBuffer:
		e["buffer"] = map[string]any{"type": "uniform"}
	case shaders.ReadOnlyStorage:
		e["buffer"] = map[string]any{"type": "read-only-storage"}
	case shaders.Storage:
		e["buffer"] = map[string]any{"type": "storage"}
	case shaders.SampledTexture:
		e["texture"] = map[string]any{"sampleType": b.SampleType, "viewDimension": b.ViewDimension}
	case shaders.StorageTexture:
		e["storageTexture"] = map[string]any{"format": b.Format, "access": b.Access, "viewDimension": b.ViewDimension}
	case shaders.ExternalTexture:
		e["externalTexture"] = map[string]any{}
	case shaders.FilteringSampler:
		e["sampler"] = map[string]any{"type": "filtering"}
	case shaders.ComparisonSampler:
		e["sampler"] = map[string]any{"type": "comparison"}
	}
	return e
}

// BindGroup is the resources of one group of a pipeline.
type BindGroup struct{ value safejs.Value }

// Bind makes a bind group; resources are named as in the shader, and all of the group must be there.
func (p *Pipeline) Bind(group int, resources map[string]Resource) (BindGroup, error) {
	entries := make([]any, 0, len(resources))
	for _, b := range p.Shader.Bindings {
		if int(b.Group) != group {
			continue
		}
		r, ok := resources[b.Name]
		if !ok {
			return BindGroup{}, errors.New("gpu: " + p.Shader.Name + ": no resource for " + b.Name)
		}
		entries = append(entries, map[string]any{"binding": int(b.Index), "resource": r.value})
	}
	if len(entries) != len(resources) || group >= len(p.groups) {
		return BindGroup{}, errors.New("gpu: " + p.Shader.Name + ": group " + strconv.Itoa(group) + " takes other resources")
	}
	v, err := p.device.methods.createBindGroup.Invoke(p.device.value, map[string]any{
		"label": p.Shader.Name, "layout": p.groups[group], "entries": entries})
	return BindGroup{v}, err
}
