package onnx

// operators lists what is understood. Deprecated attributes are listed where
// they mean nothing any more. The table is constant data: one of functions
// would be made by code.
var operators = [...]operator{
	{"Add", byBinary, 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Sub", byBinary, 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Mul", byBinary, 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Div", byBinary, 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Pow", byBinary, 2, 2, 1, false, "i:broadcast i:axis"},
	{"PRelu", byPRelu, 2, 2, 1, false, "I:consumed_inputs"},
	{"Exp", byUnary, 1, 1, 1, false, "I:consumed_inputs"},
	{"Sqrt", byUnary, 1, 1, 1, false, "I:consumed_inputs"},
	{"Sigmoid", byUnary, 1, 1, 1, false, "I:consumed_inputs"},
	{"HardSigmoid", byUnary, 1, 1, 1, false, "f:alpha f:beta I:consumed_inputs"},
	{"HardSwish", byUnary, 1, 1, 1, false, ""},
	{"Relu", byUnary, 1, 1, 1, false, "I:consumed_inputs"},
	{"LeakyRelu", byUnary, 1, 1, 1, false, "f:alpha I:consumed_inputs"},
	{"Tanh", byUnary, 1, 1, 1, false, "I:consumed_inputs"},
	{"Clip", byClip, 1, 3, 1, false, "f:min f:max I:consumed_inputs"},
	{"Cast", byCast, 1, 1, 1, false, "i:to i:saturate"},
	{"Identity", byIdentity, 1, 1, 1, false, ""},
	{"Dropout", byDropout, 1, 3, 2, false, "f:ratio i:seed i:is_test I:consumed_inputs"},
	{"BatchNormalization", byBatchNormalization, 5, 5, 5, false, "f:epsilon f:momentum i:training_mode i:spatial i:is_test I:consumed_inputs"},
	{"Conv", byConv, 2, 3, 1, false, "s:auto_pad I:dilations i:group I:kernel_shape I:pads I:strides"},
	{"ConvTranspose", byConvTranspose, 2, 3, 1, false, "s:auto_pad I:dilations i:group I:kernel_shape I:output_padding I:output_shape I:pads I:strides"},
	{"Gemm", byGemm, 2, 3, 1, false, "f:alpha f:beta i:transA i:transB i:broadcast"},
	{"MatMul", byMatMul, 2, 2, 1, false, ""},
	{"MaxPool", byPool, 1, 1, 2, false, "s:auto_pad i:ceil_mode I:dilations I:kernel_shape I:pads i:storage_order I:strides"},
	{"AveragePool", byPool, 1, 1, 1, false, "s:auto_pad i:ceil_mode i:count_include_pad I:dilations I:kernel_shape I:pads I:strides"},
	{"GlobalAveragePool", byGlobalPool, 1, 1, 1, false, ""},
	{"GlobalMaxPool", byGlobalPool, 1, 1, 1, false, ""},
	{"Resize", byResize, 1, 4, 1, false, "i:antialias I:axes s:coordinate_transformation_mode f:cubic_coeff_a i:exclude_outside f:extrapolation_value s:keep_aspect_ratio_policy s:mode s:nearest_mode"},
	{"Upsample", byUpsample, 1, 2, 1, false, "s:mode F:scales f:height_scale f:width_scale"},
	{"Softmax", bySoftmax, 1, 1, 1, false, "i:axis"},
	{"ReduceMean", byReduce, 1, 2, 1, false, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"ReduceMax", byReduce, 1, 2, 1, false, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"Concat", byConcat, 1, -1, 1, false, "i:axis"},
	{"Split", bySplit, 1, 2, -1, false, "i:axis I:split i:num_outputs"},
	{"Slice", bySlice, 1, 5, 1, false, "I:axes I:starts I:ends"},
	{"Pad", byPad, 1, 4, 1, false, "s:mode I:pads I:paddings f:value"},
	{"Reshape", byReshape, 1, 2, 1, false, "i:allowzero I:shape I:consumed_inputs"},
	{"Flatten", byFlatten, 1, 1, 1, false, "i:axis"},
	{"Squeeze", bySqueeze, 1, 2, 1, false, "I:axes"},
	{"Unsqueeze", byUnsqueeze, 1, 2, 1, false, "I:axes"},
	{"Transpose", byTranspose, 1, 1, 1, false, "I:perm"},
	{"Gather", byGather, 2, 2, 1, false, "i:axis"},
	{"Expand", byExpand, 2, 2, 1, false, ""},
	{"Constant", byConstant, 0, 0, 1, false, "t:value f:value_float F:value_floats i:value_int I:value_ints"},
	{"Shape", byShape, 1, 1, 1, false, "i:start i:end"},
	{"Size", byShape, 1, 1, 1, false, ""},
	{"ConstantOfShape", byConstantOfShape, 1, 1, 1, true, "t:value"},
	{"Range", byRange, 3, 3, 1, true, ""},
	{"Tile", byTile, 2, 2, 1, true, ""},
	{"NonZero", byNonZero, 1, 1, 1, true, ""},
	{"Where", byWhere, 3, 3, 1, true, ""},
	{"ReduceMin", byReduce, 1, 2, 1, true, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"ReduceSum", byReduce, 1, 2, 1, true, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"ReduceProd", byReduce, 1, 2, 1, true, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"Mod", byBinary, 2, 2, 1, true, "i:fmod"},
	{"Min", byVariadic, 1, -1, 1, true, ""},
	{"Max", byVariadic, 1, -1, 1, true, ""},
	{"Sum", byVariadic, 1, -1, 1, false, ""},
	{"And", byBinary, 2, 2, 1, true, ""},
	{"Or", byBinary, 2, 2, 1, true, ""},
	{"Equal", byBinary, 2, 2, 1, true, ""},
	{"Less", byBinary, 2, 2, 1, true, ""},
	{"LessOrEqual", byBinary, 2, 2, 1, true, ""},
	{"Greater", byBinary, 2, 2, 1, true, ""},
	{"GreaterOrEqual", byBinary, 2, 2, 1, true, ""},
	{"Not", byUnary, 1, 1, 1, true, ""},
	{"Neg", byNeg, 1, 1, 1, false, ""},
	{"Reciprocal", byReciprocal, 1, 1, 1, false, ""},
	{"Abs", byUnary, 1, 1, 1, true, ""},
	{"Floor", byUnary, 1, 1, 1, true, ""},
	{"Ceil", byUnary, 1, 1, 1, true, ""},
	{"Round", byUnary, 1, 1, 1, true, ""},
	{"Log", byUnary, 1, 1, 1, true, ""},
}

// rule is how the nodes of an operator are inferred.
type rule uint8

const (
	byBinary rule = iota
	byPRelu
	byUnary
	byClip
	byCast
	byIdentity
	byDropout
	byBatchNormalization
	byConv
	byConvTranspose
	byGemm
	byMatMul
	byPool
	byGlobalPool
	byResize
	byUpsample
	bySoftmax
	byReduce
	byConcat
	bySplit
	bySlice
	byPad
	byReshape
	byFlatten
	bySqueeze
	byUnsqueeze
	byTranspose
	byGather
	byExpand
	byConstant
	byShape
	byConstantOfShape
	byRange
	byTile
	byNonZero
	byWhere
	byVariadic
	byNeg
	byReciprocal
)

// infer checks a node, gives its outputs types and shapes, and brings it into
// the form that [Load] describes.
func (c *inference) infer(n *Node, by rule) error {
	switch by {
	case byBinary:
		return inferBinary(c, n)
	case byPRelu:
		return inferPRelu(c, n)
	case byUnary:
		return inferUnary(c, n)
	case byClip:
		return inferClip(c, n)
	case byCast:
		return inferCast(c, n)
	case byIdentity:
		return inferIdentity(c, n)
	case byDropout:
		return inferDropout(c, n)
	case byBatchNormalization:
		return inferBatchNormalization(c, n)
	case byConv:
		return inferConv(c, n)
	case byConvTranspose:
		return inferConvTranspose(c, n)
	case byGemm:
		return inferGemm(c, n)
	case byMatMul:
		return inferMatMul(c, n)
	case byPool:
		return inferPool(c, n)
	case byGlobalPool:
		return inferGlobalPool(c, n)
	case byResize:
		return inferResize(c, n)
	case byUpsample:
		return inferUpsample(c, n)
	case bySoftmax:
		return inferSoftmax(c, n)
	case byReduce:
		return inferReduce(c, n)
	case byConcat:
		return inferConcat(c, n)
	case bySplit:
		return inferSplit(c, n)
	case bySlice:
		return inferSlice(c, n)
	case byPad:
		return inferPad(c, n)
	case byReshape:
		return inferReshape(c, n)
	case byFlatten:
		return inferFlatten(c, n)
	case bySqueeze:
		return inferSqueeze(c, n)
	case byUnsqueeze:
		return inferUnsqueeze(c, n)
	case byTranspose:
		return inferTranspose(c, n)
	case byGather:
		return inferGather(c, n)
	case byExpand:
		return inferExpand(c, n)
	case byConstant:
		return inferConstant(c, n)
	case byShape:
		return inferShape(c, n)
	case byConstantOfShape:
		return inferConstantOfShape(c, n)
	case byRange:
		return inferRange(c, n)
	case byTile:
		return inferTile(c, n)
	case byNonZero:
		return inferNonZero(c, n)
	case byWhere:
		return inferWhere(c, n)
	case byVariadic:
		return inferVariadic(c, n)
	case byNeg:
		return inferNeg(c, n)
	case byReciprocal:
		return inferReciprocal(c, n)
	}
	return n.unsupported("", "the operator is not supported")
}
