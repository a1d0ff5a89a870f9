package onnxconformance

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"

	"sightline/vision/onnx"
)

// Pack writes a tensor for the other process.
func Pack(t *onnx.Tensor) Tensor {
	var data []byte
	for _, v := range t.F32 {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(v))
	}
	for _, v := range t.I64 {
		data = binary.LittleEndian.AppendUint64(data, uint64(v))
	}
	return Tensor{Type: int(t.Type), Shape: t.Shape, Data: base64.StdEncoding.EncodeToString(data)}
}

// Unpack reads a tensor of the other process.
func (t Tensor) Unpack() (*onnx.Tensor, error) {
	data, err := base64.StdEncoding.DecodeString(t.Data)
	if err != nil {
		return nil, err
	}
	out := &onnx.Tensor{Type: onnx.DataType(t.Type), Shape: t.Shape}
	if out.Shape == nil {
		out.Shape = []int{}
	}
	width := 8
	if out.Type.IsFloat() {
		width = 4
	}
	if len(data) != width*out.Len() {
		return nil, fmt.Errorf("%d bytes for shape %v", len(data), t.Shape)
	}
	if out.Type.IsFloat() {
		out.F32 = make([]float32, out.Len())
		for i := range out.F32 {
			out.F32[i] = math.Float32frombits(binary.LittleEndian.Uint32(data[4*i:]))
		}
		return out, nil
	}
	out.I64 = make([]int64, out.Len())
	for i := range out.I64 {
		out.I64[i] = int64(binary.LittleEndian.Uint64(data[8*i:]))
	}
	return out, nil
}
