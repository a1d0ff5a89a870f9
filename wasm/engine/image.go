package engine

import "sightline/vision/onnx"

// image is a tensor as convolutions and pools read it: channels of rows of whole quads. Numbers count
// quads, but for width, height and channels.
type image struct {
	batch, channels, width, height int
	pitch                          int
	// planes are all channels of all pictures, in order.
	planes []place
}

// imageShape is a shape of three or four dimensions as batch, channels, height and width.
func imageShape(shape []int) (s [4]int, ok bool) {
	switch len(shape) {
	case 3:
		return [4]int{shape[0], shape[1], 1, shape[2]}, true
	case 4:
		return [4]int(shape), true
	}
	return s, false
}

// image brings a node's input into a form that kernels of images read, by copying it if it must. With
// halves, planes of half the size may stand in it.
func (c *compiler) image(n *onnx.Node, v value, halves bool) (image, value, error) {
	s, ok := imageShape(v.shape)
	if !ok {
		return image{}, v, refuse(n, "input", "has "+itoa(len(v.shape))+" dimensions; 3 or 4 are supported")
	}
	v = v.reshaped(s[:])
	im, ok := v.image(s, halves)
	if !ok {
		v = c.copied(v, n.Name)
		if im, ok = v.image(s, false); !ok {
			return image{}, v, refuse(n, "input", "cannot be laid out")
		}
	}
	return im, v, nil
}

func (v value) image(s [4]int, halves bool) (image, bool) {
	if v.half() && !halves {
		return image{}, false
	}
	w, dims, ok := v.outer(2)
	if !ok || len(dims[2]) > 1 || len(dims[3]) > 1 {
		return image{}, false
	}
	im := image{batch: s[0], channels: s[1], height: s[2], width: s[3], pitch: pitch(s[3]) / 4, planes: w.planes}
	if s[3] > 1 && dims[3][0].stride != 1 {
		return image{}, false
	}
	if s[2] > 1 {
		stride := dims[2][0].stride
		if stride%4 != 0 || stride < s[3] {
			return image{}, false
		}
		im.pitch = stride / 4
	}
	for _, p := range im.planes {
		if p.offset%4 != 0 || p.store.constant {
			return image{}, false
		}
	}
	return im, true
}

// channelsOf are the planes of one picture of the batch.
func (im image) channelsOf(picture int) []place {
	return im.planes[picture*im.channels : (picture+1)*im.channels]
}

// even reports whether planes are evenly spaced in one storage, and how far apart they are, in quads.
func even(planes []place) (step int, ok bool) {
	if planes[0].half > 0 {
		return 0, false
	}
	if len(planes) < 2 {
		return 0, true
	}
	step = planes[1].offset - planes[0].offset
	for i, p := range planes {
		if p.store != planes[0].store || p.half > 0 || p.offset != planes[0].offset+i*step {
			return 0, false
		}
	}
	return step / 4, step >= 0
}

// quad is where a place is, once memory is planned.
func (p place) quad() uint32 { return uint32(p.store.at + p.offset/4) }
