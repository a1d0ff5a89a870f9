package shaders

import "strconv"

// The forms of lib/nn_form.wgsl.
const (
	formAny uint32 = iota
	formQuads
	formElements
	formTable
	formSame
	formConstantSame
	formConstant
)

// form is the form of a view that is read in quads along its last dimension.
func (v TensorView) form(size Size) uint32 {
	same := v.Stride[3] == 0 && v.Table == None
	switch {
	case v.Constant && v.Table != None:
		return formAny
	case v.Constant && same:
		return formConstantSame
	case v.Constant:
		return formConstant
	case v.Table != None:
		return formTable
	case same:
		return formSame
	case v.Stride[3] == 1 && v.aligned(size):
		return formQuads
	}
	return formElements
}

// aligned tells whether every row of a view begins at a quad; the stride of a dimension of one element
// counts for nothing.
func (v TensorView) aligned(size Size) bool {
	for k := range 3 {
		if size[k] > 1 && v.Stride[k]%4 != 0 {
			return false
		}
	}
	return v.Offset%4 == 0
}

// variant is a permutation's name with constants before it: names and values by turns.
func variant(name string, constants ...any) string {
	prefix := ""
	for i := 0; i+1 < len(constants); i += 2 {
		prefix += constants[i].(string) + "=" + strconv.FormatUint(uint64(constants[i+1].(uint32)), 10) + "u/"
	}
	return prefix + name
}
