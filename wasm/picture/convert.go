//go:build js && wasm

package picture

import (
	"errors"

	"sightline/shaders"
	"sightline/wasm/frame"
	"sightline/wasm/gpu"
)

// Converted is a picture and its tensor on their way to the page.
type Converted struct {
	Path          Path
	Width, Height int
	Picture       *gpu.Readback
	// Tensor is nil where none was asked for.
	Tensor *gpu.Readback
}

// Convert runs the pass from a frame to its RGBA picture and, with a tensor's description, to the
// tensor in the same dispatch, apart from any canvas. It closes the frame.
func (k *Kit) Convert(f *frame.Frame, path Path, tensor *shaders.Tensor) (Converted, error) {
	defer f.Close()
	width, height := f.Info.Size()
	planes, size, hasPlanes := f.Info.Planes()
	if path == "" {
		path = Planes
		if !hasPlanes {
			path = External
		}
	}
	if path == Planes && !hasPlanes {
		return Converted{}, errors.New("picture: a frame of format " + f.Info.Format + " and matrix " + f.Info.Matrix + " has no planes to convert")
	}
	name := "external"
	if path == Planes {
		name = shaders.PlanesPermutation(planes.Format, false)
	} else {
		size = 0
	}
	if tensor != nil {
		name += "_tensor"
	}
	pipeline, err := k.pipeline(name)
	if err != nil {
		return Converted{}, err
	}
	awaiter, err := gpu.NewAwaiter()
	if err != nil {
		return Converted{}, err
	}
	defer awaiter.Release()
	c := converter{kit: k}
	defer c.close()
	if err := c.reserve(size, width, height); err != nil {
		return Converted{}, err
	}
	fixed, changing := map[string]gpu.Resource{}, map[string]gpu.Resource{"picture": c.picture.Resource()}
	if path == Planes {
		var staging frame.Staging
		if err := staging.CopyTo(f, size, c.planes, awaiter); err != nil {
			return Converted{}, err
		}
		params, err := planes.Params(size)
		if err != nil {
			return Converted{}, err
		}
		if err := c.params.set(k.Device, "frame", params.Append(nil)); err != nil {
			return Converted{}, err
		}
		fixed["frame"], changing["planes"] = c.params.buffer.Resource(), c.planes.Resource()
	}
	var tensorParams uniform
	var tensorBuffer *gpu.Buffer
	defer func() {
		tensorParams.buffer.Destroy()
		tensorBuffer.Destroy()
	}()
	tensorWidth, tensorHeight := 0, 0
	if tensor != nil {
		tensorWidth, tensorHeight = tensor.Width, tensor.Height
		params, err := tensor.Params(width, height)
		if err != nil {
			return Converted{}, err
		}
		if err := tensorParams.set(k.Device, "tensor params", params.Append(nil)); err != nil {
			return Converted{}, err
		}
		if tensorBuffer, err = k.Device.NewStorage("tensor", tensor.Bytes()); err != nil {
			return Converted{}, err
		}
		fixed["tensor_params"], changing["tensor"] = tensorParams.buffer.Resource(), tensorBuffer.Resource()
	}
	if path == External {
		source, err := f.External(k.Device)
		if err != nil {
			return Converted{}, err
		}
		changing["source"] = source
	}
	group0, err := pipeline.Bind(0, fixed)
	if err != nil {
		return Converted{}, err
	}
	group1, err := pipeline.Bind(1, changing)
	if err != nil {
		return Converted{}, err
	}
	e := k.Device.NewEncoder()
	x, y := pipeline.Shader.Dispatch(width, height, tensorWidth, tensorHeight)
	e.Compute(pipeline, []gpu.BindGroup{group0, group1}, x, y)
	out := Converted{Path: path, Width: width, Height: height}
	if out.Picture, err = e.ReadTexture(c.picture, width, height); err != nil {
		return Converted{}, err
	}
	if tensor != nil {
		if out.Tensor, err = e.ReadBuffer(tensorBuffer); err != nil {
			out.Picture.Discard()
			return Converted{}, err
		}
	}
	if err := e.Submit(); err != nil {
		out.Picture.Discard()
		if out.Tensor != nil {
			out.Tensor.Discard()
		}
		return Converted{}, err
	}
	return out, k.Device.Done(awaiter)
}
