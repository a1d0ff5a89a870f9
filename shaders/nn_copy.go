package shaders

// CopyParams are the numbers of nn_copy.wgsl, which explains them. Size and Stride have the innermost
// loop last; unused ones are 1 and 0.
type CopyParams struct {
	Items, Width, Row, Begin    uint32
	Keep                        bool
	Target, Pitch, Rows, Group  uint32
	Source, Table               uint32
	Constant                    bool
	Inner, HalfPitch, HalfWidth uint32
	Size, Stride                [6]uint32
}

// Append appends the struct CopyParams (128 bytes).
func (p CopyParams) Append(b []byte) []byte {
	b = appendWords(b, p.Items, p.Width, p.Row, p.Begin, flag(p.Keep), p.Target, p.Pitch, p.Rows, p.Group,
		p.Source, p.Table, flag(p.Constant), p.Inner, p.HalfPitch, p.HalfWidth, 0)
	b = appendWords(b, 1, 1, p.Size[0], p.Size[1])
	b = appendWords(b, p.Size[2:]...)
	b = appendWords(b, 0, 0, p.Stride[0], p.Stride[1])
	return appendWords(b, p.Stride[2:]...)
}

func flag(b bool) uint32 {
	if b {
		return 1
	}
	return 0
}
