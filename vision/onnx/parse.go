package onnx

import (
	"errors"
	"strconv"
)

func quote(s string) string {
	if len(s) > 80 {
		s = s[:80]
	}
	return strconv.Quote(s)
}

func Parse(data []byte, o Options) (*Model, error) { return nil, errors.New("onnx: not yet") }

func (m *Model) Infer(o Options) error { return nil }

func (m *Model) Optimise(o Options) error { return nil }
