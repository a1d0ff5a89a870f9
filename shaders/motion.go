package shaders

import (
	"errors"
	"strconv"

	"sightline/vision/motion"
)

// Constants of the motion kernels' permutations.
const (
	// MotionModes is the number of Gaussians of a pixel.
	MotionModes = 4
	// MotionBoxes is the most boxes that a frame gives.
	MotionBoxes = 64
)

// MotionPixels bounds the analysed picture's pixels and MotionSide its sides, for the least work that
// still shows a person at the far end of a street.
const (
	MotionPixels = 384 * 216
	MotionSide   = 512
)

// MotionSize returns the size at which a picture is analysed: its own if that has at most the given
// number of pixels (0 for MotionPixels), else smaller with its aspect ratio.
func MotionSize(pictureWidth, pictureHeight, pixels int) (width, height int) {
	if pixels <= 0 || pixels > MotionPixels {
		pixels = MotionPixels
	}
	width, height = pictureWidth, pictureHeight
	// Whole numbers give the same size everywhere.
	for width*height > pixels || width > MotionSide || height > MotionSide {
		if pictureWidth >= pictureHeight {
			width--
			height = max(1, (width*pictureHeight+pictureWidth/2)/pictureWidth)
		} else {
			height--
			width = max(1, (height*pictureWidth+pictureHeight/2)/pictureHeight)
		}
	}
	return width, height
}

// MotionParams is the uniform MotionParams of lib/motion.wgsl, which explains the fields.
type MotionParams struct{ motion.Params }

// MotionParamsSize is the uniform's size in bytes.
const MotionParamsSize = 64

// Validate refuses what would make the kernels' whole numbers overflow.
func (p MotionParams) Validate() error {
	for _, f := range []struct {
		name               string
		value, least, most uint32
	}{
		{"width", p.Width, 1, MotionSide}, {"height", p.Height, 1, MotionSide},
		{"weight rate", p.WeightRate, 1, 65535}, {"mean rate", p.MeanRate, 0, 65535},
		{"variance start", p.VarianceStart, p.VarianceLeast, p.VarianceMost},
		{"variance least", p.VarianceLeast, 1, p.VarianceMost}, {"variance most", p.VarianceMost, 1, 65535},
		{"reach", p.Reach, 1, 16}, {"background", p.Background, 0, 65535},
		{"shadow luma", p.ShadowLuma, 0, 256}, {"shadow chroma", p.ShadowChroma, 0, 65535},
	} {
		if f.value < f.least || f.value > f.most {
			return errors.New("shaders: motion " + f.name + " " + strconv.FormatUint(uint64(f.value), 10) + ": must be " +
				strconv.FormatUint(uint64(f.least), 10) + " to " + strconv.FormatUint(uint64(f.most), 10))
		}
	}
	return nil
}

// Words is the number of words in a row of a mask.
func (p MotionParams) Words() int { return (int(p.Width) + 31) / 32 }

// Append appends the uniform's bytes: size (0), words (8), weight_rate (12), mean_rate (16),
// variance_start, variance_least, variance_most (20), reach (32), background (36), shadow_luma (40),
// shadow_chroma (44), least_area (48) and 12 bytes of padding.
func (p MotionParams) Append(b []byte) []byte {
	return appendWords(b, p.Width, p.Height, uint32(p.Words()), p.WeightRate, p.MeanRate,
		p.VarianceStart, p.VarianceLeast, p.VarianceMost, p.Reach, p.Background, p.ShadowLuma, p.ShadowChroma,
		p.LeastArea, 0, 0, 0)
}

// MotionRunsInWord is the most runs of set bits in a word.
const MotionRunsInWord = 16

// StateBytes is the size of the mixtures' buffer, which begins as zeros.
func (p MotionParams) StateBytes() int { return 4 * 3 * MotionModes * int(p.Width) * int(p.Height) }

// MaskBytes is the size of a mask.
func (p MotionParams) MaskBytes() int { return 4 * p.Words() * int(p.Height) }

// ParentBytes and ExtentBytes are the sizes of the regions' buffers.
func (p MotionParams) ParentBytes() int { return MotionRunsInWord * p.MaskBytes() }

// ExtentBytes is the size of the regions' extents.
func (p MotionParams) ExtentBytes() int { return 5 * p.ParentBytes() }

// MotionResultBytes is the size of the result's buffer, whose first MotionHeaderBytes must be zero
// before each frame.
const (
	MotionHeaderBytes = 4 * 8
	MotionResultBytes = MotionHeaderBytes + 4*3*MotionBoxes
)

// ParseMotionResult reads the result's buffer. It refuses one that is too short, and regions that are
// empty or inside out.
func ParseMotionResult(b []byte) (motion.Result, error) {
	if len(b) < MotionResultBytes {
		return motion.Result{}, errors.New("shaders: motion result of " + strconv.Itoa(len(b)) + " bytes")
	}
	r := motion.Result{Moving: int(word(b, 0)), Shadow: int(word(b, 1)), Brighter: int(word(b, 2)), Darker: int(word(b, 3)), Found: int(word(b, 4)), Gain: float64(word(b, 5)) / 256}
	for i := range min(r.Found, MotionBoxes) {
		at := MotionHeaderBytes/4 + 3*i
		from, to := word(b, at), word(b, at+1)
		region := motion.Region{Left: int(from & 0xffff), Top: int(from >> 16),
			Right: int(to & 0xffff), Bottom: int(to >> 16), Area: int(word(b, at+2))}
		if region.Left >= region.Right || region.Top >= region.Bottom || region.Area <= 0 {
			return motion.Result{}, errors.New("shaders: motion region " + strconv.Itoa(i) + " is empty")
		}
		r.Regions = append(r.Regions, region)
	}
	return r, nil
}

// word reads the word with an index.
func word(b []byte, at int) uint32 {
	b = b[4*at:]
	return uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
}

// MotionStep is one dispatch of a frame's motion pass, with its resources by the names of the shader's
// bindings; "picture" is the picture, and every other a buffer of the names in MotionBuffers.
type MotionStep struct {
	Permutation string
	// Buffers names the buffer behind each binding but the picture.
	Buffers map[string]string
	Grid    MotionGrid
}

// MotionGrid is what a step has invocations for.
type MotionGrid int

// The grids.
const (
	Once     MotionGrid = iota // one workgroup for all
	PerPixel                   // one invocation for each pixel
	PerWord                    // one for each word of a mask
)

// MotionSteps returns the dispatches of a frame in their order.
func MotionSteps() []MotionStep {
	mask := func(permutation, from, to string) MotionStep {
		return MotionStep{permutation, map[string]string{"params": "params", "before": from, "after": to}, PerWord}
	}
	regions := func(permutation string, more ...string) MotionStep {
		s := MotionStep{permutation, map[string]string{"params": "params", "mask": "first", "parent": "parent"}, PerWord}
		for _, name := range more {
			s.Buffers[name] = name
		}
		return s
	}
	return []MotionStep{
		{"motion_gain", map[string]string{"params": "params", "state": "state", "result": "result"}, Once},
		{"motion_mixture", map[string]string{"params": "params", "state": "state", "foreground": "first", "result": "result"}, PerPixel},
		mask("motion_erode_1", "first", "second"),
		mask("motion_dilate_3", "second", "third"),
		mask("motion_erode_2", "third", "first"),
		regions("motion_label", "extents"),
		regions("motion_merge"),
		regions("motion_measure", "extents"),
		regions("motion_collect", "extents", "result"),
	}
}

// MotionBuffers returns the size of each storage buffer that MotionSteps names; "params" is a uniform
// of MotionParamsSize.
func (p MotionParams) MotionBuffers() map[string]int {
	return map[string]int{
		"state": p.StateBytes(), "first": p.MaskBytes(), "second": p.MaskBytes(), "third": p.MaskBytes(),
		"parent": p.ParentBytes(), "extents": p.ExtentBytes(), "result": MotionResultBytes,
	}
}

// Groups returns the workgroups of a step, across and down.
func (s MotionStep) Groups(p MotionParams, shader *Shader) (x, y uint32) {
	e, _ := shader.EntryPoint(Compute)
	width := int(p.Width)
	switch s.Grid {
	case Once:
		return 1, 1
	case PerWord:
		width = p.Words()
	}
	return workgroups(width, e.WorkgroupSize[0]), workgroups(int(p.Height), e.WorkgroupSize[1])
}

func workgroups(n int, size uint32) uint32 { return (uint32(n) + size - 1) / size }
