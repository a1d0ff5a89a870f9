package onnx

// operators lists what is understood. Deprecated attributes are listed where
// they mean nothing any more. The table is constant data and the switch below
// tells what belongs to it, since a map of functions would be made by code.
var operators = [...]operator{
	{"Add", 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Sub", 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Mul", 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Div", 2, 2, 1, false, "i:broadcast i:axis I:consumed_inputs"},
	{"Pow", 2, 2, 1, false, "i:broadcast i:axis"},
	{"PRelu", 2, 2, 1, false, "I:consumed_inputs"},
	{"Exp", 1, 1, 1, false, "I:consumed_inputs"},
	{"Sqrt", 1, 1, 1, false, "I:consumed_inputs"},
	{"Sigmoid", 1, 1, 1, false, "I:consumed_inputs"},
	{"HardSigmoid", 1, 1, 1, false, "f:alpha f:beta I:consumed_inputs"},
	{"HardSwish", 1, 1, 1, false, ""},
	{"Relu", 1, 1, 1, false, "I:consumed_inputs"},
	{"LeakyRelu", 1, 1, 1, false, "f:alpha I:consumed_inputs"},
	{"Tanh", 1, 1, 1, false, "I:consumed_inputs"},
	{"Clip", 1, 3, 1, false, "f:min f:max I:consumed_inputs"},
	{"Cast", 1, 1, 1, false, "i:to i:saturate"},
	{"Identity", 1, 1, 1, false, ""},
	{"Dropout", 1, 3, 2, false, "f:ratio i:seed i:is_test I:consumed_inputs"},
	{"BatchNormalization", 5, 5, 5, false, "f:epsilon f:momentum i:training_mode i:spatial i:is_test I:consumed_inputs"},
	{"Conv", 2, 3, 1, false, "s:auto_pad I:dilations i:group I:kernel_shape I:pads I:strides"},
	{"ConvTranspose", 2, 3, 1, false, "s:auto_pad I:dilations i:group I:kernel_shape I:output_padding I:output_shape I:pads I:strides"},
	{"Gemm", 2, 3, 1, false, "f:alpha f:beta i:transA i:transB i:broadcast"},
	{"MatMul", 2, 2, 1, false, ""},
	{"MaxPool", 1, 1, 2, false, "s:auto_pad i:ceil_mode I:dilations I:kernel_shape I:pads i:storage_order I:strides"},
	{"AveragePool", 1, 1, 1, false, "s:auto_pad i:ceil_mode i:count_include_pad I:dilations I:kernel_shape I:pads I:strides"},
	{"GlobalAveragePool", 1, 1, 1, false, ""},
	{"GlobalMaxPool", 1, 1, 1, false, ""},
	{"Resize", 1, 4, 1, false, "i:antialias I:axes s:coordinate_transformation_mode f:cubic_coeff_a i:exclude_outside f:extrapolation_value s:keep_aspect_ratio_policy s:mode s:nearest_mode"},
	{"Upsample", 1, 2, 1, false, "s:mode F:scales f:height_scale f:width_scale"},
	{"Softmax", 1, 1, 1, false, "i:axis"},
	{"ReduceMean", 1, 2, 1, false, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"ReduceMax", 1, 2, 1, false, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"Concat", 1, -1, 1, false, "i:axis"},
	{"Split", 1, 2, -1, false, "i:axis I:split i:num_outputs"},
	{"Slice", 1, 5, 1, false, "I:axes I:starts I:ends"},
	{"Pad", 1, 4, 1, false, "s:mode I:pads I:paddings f:value"},
	{"Reshape", 1, 2, 1, false, "i:allowzero I:shape I:consumed_inputs"},
	{"Flatten", 1, 1, 1, false, "i:axis"},
	{"Squeeze", 1, 2, 1, false, "I:axes"},
	{"Unsqueeze", 1, 2, 1, false, "I:axes"},
	{"Transpose", 1, 1, 1, false, "I:perm"},
	{"Gather", 2, 2, 1, false, "i:axis"},
	{"Expand", 2, 2, 1, false, ""},
	{"Constant", 0, 0, 1, false, "t:value f:value_float F:value_floats i:value_int I:value_ints"},
	{"Shape", 1, 1, 1, false, "i:start i:end"},
	{"Size", 1, 1, 1, false, ""},
	{"ConstantOfShape", 1, 1, 1, true, "t:value"},
	{"Range", 3, 3, 1, true, ""},
	{"Tile", 2, 2, 1, true, ""},
	{"NonZero", 1, 1, 1, true, ""},
	{"Where", 3, 3, 1, true, ""},
	{"ReduceMin", 1, 2, 1, true, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"ReduceSum", 1, 2, 1, true, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"ReduceProd", 1, 2, 1, true, "I:axes i:keepdims i:noop_with_empty_axes"},
	{"Mod", 2, 2, 1, true, "i:fmod"},
	{"Min", 1, -1, 1, true, ""},
	{"Max", 1, -1, 1, true, ""},
	{"Sum", 1, -1, 1, false, ""},
	{"And", 2, 2, 1, true, ""},
	{"Or", 2, 2, 1, true, ""},
	{"Equal", 2, 2, 1, true, ""},
	{"Less", 2, 2, 1, true, ""},
	{"LessOrEqual", 2, 2, 1, true, ""},
	{"Greater", 2, 2, 1, true, ""},
	{"GreaterOrEqual", 2, 2, 1, true, ""},
	{"Not", 1, 1, 1, true, ""},
	{"Neg", 1, 1, 1, false, ""},
	{"Reciprocal", 1, 1, 1, false, ""},
	{"Abs", 1, 1, 1, true, ""},
	{"Floor", 1, 1, 1, true, ""},
	{"Ceil", 1, 1, 1, true, ""},
	{"Round", 1, 1, 1, true, ""},
	{"Log", 1, 1, 1, true, ""},
}

// infer checks a node, gives its outputs types and shapes, and brings it into
// the form that [Load] describes.
func (c *inference) infer(n *Node) error {
	switch n.Op {
	case "Add", "Sub", "Mul", "Div", "Pow", "Mod", "And", "Or", "Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual":
		return inferBinary(c, n)
	case "PRelu":
		return inferPRelu(c, n)
	case "Exp", "Sqrt", "Sigmoid", "HardSigmoid", "HardSwish", "Relu", "LeakyRelu", "Tanh", "Not", "Abs", "Floor", "Ceil", "Round", "Log":
		return inferUnary(c, n)
	case "Clip":
		return inferClip(c, n)
	case "Cast":
		return inferCast(c, n)
	case "Identity":
		return inferIdentity(c, n)
	case "Dropout":
		return inferDropout(c, n)
	case "BatchNormalization":
		return inferBatchNormalization(c, n)
	case "Conv":
		return inferConv(c, n)
	case "ConvTranspose":
		return inferConvTranspose(c, n)
	case "Gemm":
		return inferGemm(c, n)
	case "MatMul":
		return inferMatMul(c, n)
	case "MaxPool", "AveragePool":
		return inferPool(c, n)
	case "GlobalAveragePool", "GlobalMaxPool":
		return inferGlobalPool(c, n)
	case "Resize":
		return inferResize(c, n)
	case "Upsample":
		return inferUpsample(c, n)
	case "Softmax":
		return inferSoftmax(c, n)
	case "ReduceMean", "ReduceMax", "ReduceMin", "ReduceSum", "ReduceProd":
		return inferReduce(c, n)
	case "Concat":
		return inferConcat(c, n)
	case "Split":
		return inferSplit(c, n)
	case "Slice":
		return inferSlice(c, n)
	case "Pad":
		return inferPad(c, n)
	case "Reshape":
		return inferReshape(c, n)
	case "Flatten":
		return inferFlatten(c, n)
	case "Squeeze":
		return inferSqueeze(c, n)
	case "Unsqueeze":
		return inferUnsqueeze(c, n)
	case "Transpose":
		return inferTranspose(c, n)
	case "Gather":
		return inferGather(c, n)
	case "Expand":
		return inferExpand(c, n)
	case "Constant":
		return inferConstant(c, n)
	case "Shape", "Size":
		return inferShape(c, n)
	case "ConstantOfShape":
		return inferConstantOfShape(c, n)
	case "Range":
		return inferRange(c, n)
	case "Tile":
		return inferTile(c, n)
	case "NonZero":
		return inferNonZero(c, n)
	case "Where":
		return inferWhere(c, n)
	case "Min", "Max", "Sum":
		return inferVariadic(c, n)
	case "Neg":
		return inferNeg(c, n)
	case "Reciprocal":
		return inferReciprocal(c, n)
	}
	return n.unsupported("", "the operator is not supported")
}
