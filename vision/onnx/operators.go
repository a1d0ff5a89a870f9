package onnx

// standardOperators lists what is understood. Deprecated attributes are listed
// where they mean nothing any more.
func standardOperators() map[string]operator {
	return map[string]operator{
		// Element by element.
		"Add":         {least: 2, most: 2, outputs: 1, attributes: "i:broadcast i:axis I:consumed_inputs", infer: inferBinary},
		"Sub":         {least: 2, most: 2, outputs: 1, attributes: "i:broadcast i:axis I:consumed_inputs", infer: inferBinary},
		"Mul":         {least: 2, most: 2, outputs: 1, attributes: "i:broadcast i:axis I:consumed_inputs", infer: inferBinary},
		"Div":         {least: 2, most: 2, outputs: 1, attributes: "i:broadcast i:axis I:consumed_inputs", infer: inferBinary},
		"Pow":         {least: 2, most: 2, outputs: 1, attributes: "i:broadcast i:axis", infer: inferBinary},
		"PRelu":       {least: 2, most: 2, outputs: 1, attributes: "I:consumed_inputs", infer: inferPRelu},
		"Exp":         {least: 1, most: 1, outputs: 1, attributes: "I:consumed_inputs", infer: inferUnary},
		"Sqrt":        {least: 1, most: 1, outputs: 1, attributes: "I:consumed_inputs", infer: inferUnary},
		"Sigmoid":     {least: 1, most: 1, outputs: 1, attributes: "I:consumed_inputs", infer: inferUnary},
		"HardSigmoid": {least: 1, most: 1, outputs: 1, attributes: "f:alpha f:beta I:consumed_inputs", infer: inferUnary},
		"HardSwish":   {least: 1, most: 1, outputs: 1, infer: inferUnary},
		"Relu":        {least: 1, most: 1, outputs: 1, attributes: "I:consumed_inputs", infer: inferUnary},
		"LeakyRelu":   {least: 1, most: 1, outputs: 1, attributes: "f:alpha I:consumed_inputs", infer: inferUnary},
		"Tanh":        {least: 1, most: 1, outputs: 1, attributes: "I:consumed_inputs", infer: inferUnary},
		"Clip":        {least: 1, most: 3, outputs: 1, attributes: "f:min f:max I:consumed_inputs", infer: inferClip},
		"Cast":        {least: 1, most: 1, outputs: 1, attributes: "i:to i:saturate", infer: inferCast},
		"Identity":    {least: 1, most: 1, outputs: 1, infer: inferIdentity},
		"Dropout":     {least: 1, most: 3, outputs: 2, attributes: "f:ratio i:seed i:is_test I:consumed_inputs", infer: inferDropout},
		"BatchNormalization": {least: 5, most: 5, outputs: 5,
			attributes: "f:epsilon f:momentum i:training_mode i:spatial i:is_test I:consumed_inputs", infer: inferBatchNormalization},

		// Sums of products.
		"Conv": {least: 2, most: 3, outputs: 1,
			attributes: "s:auto_pad I:dilations i:group I:kernel_shape I:pads I:strides", infer: inferConv},
		"ConvTranspose": {least: 2, most: 3, outputs: 1,
			attributes: "s:auto_pad I:dilations i:group I:kernel_shape I:output_padding I:output_shape I:pads I:strides", infer: inferConvTranspose},
		"Gemm":   {least: 2, most: 3, outputs: 1, attributes: "f:alpha f:beta i:transA i:transB i:broadcast", infer: inferGemm},
		"MatMul": {least: 2, most: 2, outputs: 1, infer: inferMatMul},

		// Windows and resampling.
		"MaxPool": {least: 1, most: 1, outputs: 2,
			attributes: "s:auto_pad i:ceil_mode I:dilations I:kernel_shape I:pads i:storage_order I:strides", infer: inferPool},
		"AveragePool": {least: 1, most: 1, outputs: 1,
			attributes: "s:auto_pad i:ceil_mode i:count_include_pad I:dilations I:kernel_shape I:pads I:strides", infer: inferPool},
		"GlobalAveragePool": {least: 1, most: 1, outputs: 1, infer: inferGlobalPool},
		"GlobalMaxPool":     {least: 1, most: 1, outputs: 1, infer: inferGlobalPool},
		"Resize": {least: 1, most: 4, outputs: 1,
			attributes: "i:antialias I:axes s:coordinate_transformation_mode f:cubic_coeff_a i:exclude_outside " +
				"f:extrapolation_value s:keep_aspect_ratio_policy s:mode s:nearest_mode", infer: inferResize},
		"Upsample": {least: 1, most: 2, outputs: 1, attributes: "s:mode F:scales f:height_scale f:width_scale", infer: inferUpsample},

		// Sums over sides.
		"Softmax":    {least: 1, most: 1, outputs: 1, attributes: "i:axis", infer: inferSoftmax},
		"ReduceMean": {least: 1, most: 2, outputs: 1, attributes: "I:axes i:keepdims i:noop_with_empty_axes", infer: inferReduce},
		"ReduceMax":  {least: 1, most: 2, outputs: 1, attributes: "I:axes i:keepdims i:noop_with_empty_axes", infer: inferReduce},

		// Moving elements.
		"Concat":    {least: 1, most: -1, outputs: 1, attributes: "i:axis", infer: inferConcat},
		"Split":     {least: 1, most: 2, outputs: -1, attributes: "i:axis I:split i:num_outputs", infer: inferSplit},
		"Slice":     {least: 1, most: 5, outputs: 1, attributes: "I:axes I:starts I:ends", infer: inferSlice},
		"Pad":       {least: 1, most: 4, outputs: 1, attributes: "s:mode I:pads I:paddings f:value", infer: inferPad},
		"Reshape":   {least: 1, most: 2, outputs: 1, attributes: "i:allowzero I:shape I:consumed_inputs", infer: inferReshape},
		"Flatten":   {least: 1, most: 1, outputs: 1, attributes: "i:axis", infer: inferFlatten},
		"Squeeze":   {least: 1, most: 2, outputs: 1, attributes: "I:axes", infer: inferSqueeze},
		"Unsqueeze": {least: 1, most: 2, outputs: 1, attributes: "I:axes", infer: inferUnsqueeze},
		"Transpose": {least: 1, most: 1, outputs: 1, attributes: "I:perm", infer: inferTranspose},
		"Gather":    {least: 2, most: 2, outputs: 1, attributes: "i:axis", infer: inferGather},
		"Expand":    {least: 2, most: 2, outputs: 1, infer: inferExpand},

		// Known once the shapes are.
		"Constant": {outputs: 1, attributes: "t:value f:value_float F:value_floats i:value_int I:value_ints", infer: inferConstant},
		"Shape":    {least: 1, most: 1, outputs: 1, attributes: "i:start i:end", infer: inferShape},
		"Size":     {least: 1, most: 1, outputs: 1, infer: inferShape},

		// Arithmetic on shapes and constants.
		"ConstantOfShape": {least: 1, most: 1, outputs: 1, attributes: "t:value", infer: inferConstantOfShape, atLoad: true},
		"Range":           {least: 3, most: 3, outputs: 1, infer: inferRange, atLoad: true},
		"Tile":            {least: 2, most: 2, outputs: 1, infer: inferTile, atLoad: true},
		"NonZero":         {least: 1, most: 1, outputs: 1, infer: inferNonZero, atLoad: true},
		"Where":           {least: 3, most: 3, outputs: 1, infer: inferWhere, atLoad: true},
		"ReduceMin":       {least: 1, most: 2, outputs: 1, attributes: "I:axes i:keepdims i:noop_with_empty_axes", infer: inferReduce, atLoad: true},
		"ReduceSum":       {least: 1, most: 2, outputs: 1, attributes: "I:axes i:keepdims i:noop_with_empty_axes", infer: inferReduce, atLoad: true},
		"ReduceProd":      {least: 1, most: 2, outputs: 1, attributes: "I:axes i:keepdims i:noop_with_empty_axes", infer: inferReduce, atLoad: true},
		"Mod":             {least: 2, most: 2, outputs: 1, attributes: "i:fmod", infer: inferBinary, atLoad: true},
		"Min":             {least: 1, most: -1, outputs: 1, infer: inferVariadic, atLoad: true},
		"Max":             {least: 1, most: -1, outputs: 1, infer: inferVariadic, atLoad: true},
		"Sum":             {least: 1, most: -1, outputs: 1, infer: inferVariadic},
		"And":             {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"Or":              {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"Equal":           {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"Less":            {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"LessOrEqual":     {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"Greater":         {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"GreaterOrEqual":  {least: 2, most: 2, outputs: 1, infer: inferBinary, atLoad: true},
		"Not":             {least: 1, most: 1, outputs: 1, infer: inferUnary, atLoad: true},
		"Neg":             {least: 1, most: 1, outputs: 1, infer: inferNeg},
		"Reciprocal":      {least: 1, most: 1, outputs: 1, infer: inferReciprocal},
		"Abs":             {least: 1, most: 1, outputs: 1, infer: inferUnary, atLoad: true},
		"Floor":           {least: 1, most: 1, outputs: 1, infer: inferUnary, atLoad: true},
		"Ceil":            {least: 1, most: 1, outputs: 1, infer: inferUnary, atLoad: true},
		"Round":           {least: 1, most: 1, outputs: 1, infer: inferUnary, atLoad: true},
		"Log":             {least: 1, most: 1, outputs: 1, infer: inferUnary, atLoad: true},
	}
}
