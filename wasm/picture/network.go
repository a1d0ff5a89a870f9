//go:build js && wasm

package picture

import (
	"errors"

	"sightline/wasm/detect"
	"sightline/wasm/gpu"
)

// networkPass is a neural detector on the GPU: the picture becomes the network's input, and boxes come back.
type networkPass struct {
	kit     *Kit
	spec    detect.Spec
	network *gpu.Network
	tensor  *compiling
	params  *gpu.Buffer
	slots   *gpu.Slots

	// compiled is closed when the kernels are there, or err says why not.
	compiled chan struct{}
	err      error

	groups []gpu.BindGroup
	bound  *gpu.Texture
	closed bool
}

// newNetworkPass begins to compile the kernels.
func (k *Kit) newNetworkPass(s detect.Spec) (detect.Pass, error) {
	p := &networkPass{kit: k, spec: s, tensor: k.compile("picture_to_tensor"), compiled: make(chan struct{})}
	if err := p.allocate(); err != nil {
		p.Close()
		return nil, err
	}
	// Its goroutine ends with the compilation.
	network := p.network
	go func() {
		defer close(p.compiled)
		if p.err = network.Compile(); p.err == nil {
			<-p.tensor.done
			p.err = p.tensor.err
		}
	}()
	return p, nil
}

func (p *networkPass) allocate() error {
	n := p.spec.Network
	if len(n.Plan.Inputs) != 1 || n.Plan.Half || n.Plan.Inputs[0].Pitch != n.Tensor.Width {
		return errors.New("picture: " + p.spec.Name + ": the network's input cannot be made of a picture: its width must be a multiple of four")
	}
	params, err := n.Tensor.Params(n.Width, n.Height)
	if err != nil {
		return err
	}
	d := p.kit.Device
	if p.params, err = d.NewUniform(p.spec.Name+" tensor", len(params.Append(nil))); err != nil {
		return err
	}
	if err := p.params.Write(params.Append(nil)); err != nil {
		return err
	}
	if p.network, err = d.NewNetwork(p.spec.Name, n.Plan); err != nil {
		return err
	}
	if err := p.network.WriteParams(n.Plan.HeadParams(n.Least)); err != nil {
		return err
	}
	p.slots, err = d.NewSlots(p.spec.Name+" result", n.Plan.Result, results)
	return err
}

// Run implements detect.Pass. A fault comes through done, as a result does: later.
func (p *networkPass) Run(picture detect.Picture, _ []byte, done func([]byte, error)) bool {
	t, ok := picture.(texture)
	if !ok || p.closed {
		return false
	}
	select {
	case <-p.compiled:
	default:
		return false
	}
	slot := p.slots.Take()
	if slot == nil {
		return false
	}
	err := p.submit(t.Texture, slot)
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

// submit records and submits the tensor and the network.
func (p *networkPass) submit(t *gpu.Texture, slot *gpu.Slot) error {
	if p.err != nil {
		return p.err
	}
	pipeline := p.tensor.pipeline
	if p.bound != t {
		fixed, err := pipeline.Bind(0, map[string]gpu.Resource{"tensor_params": p.params.Resource()})
		if err != nil {
			return err
		}
		changing, err := pipeline.Bind(1, map[string]gpu.Resource{"picture": t.Resource(), "tensor": p.network.Input(0)})
		if err != nil {
			return err
		}
		p.groups, p.bound = []gpu.BindGroup{fixed, changing}, t
	}
	tensor := p.spec.Network.Tensor
	x, y := pipeline.Shader.Dispatch(0, 0, tensor.Width, tensor.Height)
	e := p.kit.Device.NewEncoder()
	e.Compute(pipeline, p.groups, x, y)
	e.Network(p.network)
	e.Copy(p.network.Result(), slot)
	return e.Submit()
}

// Close implements detect.Pass.
func (p *networkPass) Close() {
	p.closed = true
	if p.network != nil {
		p.network.Close()
	}
	p.params.Destroy()
	p.slots.Close()
}
