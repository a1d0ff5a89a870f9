package shaders

import (
	"errors"
	"strconv"

	"sightline/vision/light"
)

// The grid of the light kernels: cells across and down, and samples along a side of a cell.
const (
	LightColumns = light.Columns
	LightRows    = light.Rows
	LightCell    = 8
	// LightSamples is the number of samples of a cell.
	LightSamples = LightCell * LightCell
)

// LightParams is the uniform LightParams of light_cells.wgsl, which explains the fields.
type LightParams struct{ light.Params }

// Sizes in bytes of the light kernels' buffers; the memory begins as zeros.
const (
	LightParamsSize  = 16
	LightLumaBytes   = LightColumns * LightRows * LightSamples
	LightMemoryBytes = 4 * LightColumns * LightRows * LightSamples
	LightCellsBytes  = 4 * lightWords * LightColumns * LightRows

	lightWords = 6
)

// Append appends the uniform's bytes: reference_rate (0), saturated (4) and 8 bytes of padding.
func (p LightParams) Append(b []byte) []byte {
	return appendWords(b, p.ReferenceRate, p.Saturated, 0, 0)
}

// ParseLightCells reads the cells' buffer, row by row.
func ParseLightCells(b []byte) ([]light.Cell, error) {
	if len(b) < LightCellsBytes {
		return nil, errors.New("shaders: light cells of " + strconv.Itoa(len(b)) + " bytes")
	}
	cells := make([]light.Cell, LightColumns*LightRows)
	for i := range cells {
		at := lightWords * i
		sums, steps, levels := word(b, at), word(b, at+4), word(b, at+5)
		cells[i] = light.Cell{
			Luma: int(sums & 0xffff), Reference: int(sums >> 16),
			LumaSquared: int(word(b, at+1)), ReferenceSquared: int(word(b, at+2)), Product: int(word(b, at+3)),
			Gradient: int(steps & 0xffff), Change: int(steps >> 16),
			Saturated: int(levels & 0xff), High: int(levels >> 8 & 0xff), Greatest: int(levels >> 16 & 0xff), Least: int(levels >> 24),
		}
	}
	return cells, nil
}

// LightStep is one dispatch of a frame's light pass.
type LightStep struct {
	Permutation string
	// Buffers names the buffer behind each binding but "picture".
	Buffers map[string]string
	// X and Y are the workgroups.
	X, Y uint32
}

// LightSteps returns the dispatches of a frame in their order. "params" is a uniform of
// LightParamsSize, the others are storage of the sizes in LightBuffers.
func LightSteps() []LightStep {
	return []LightStep{
		{"light_luma", map[string]string{"luma": "luma"}, LightColumns * LightCell / 4 / 8, LightRows * LightCell / 8},
		{"light_cells", map[string]string{"params": "params", "luma": "luma", "memory": "memory", "cells": "cells"}, LightColumns, LightRows},
	}
}

// LightBuffers returns the size of each storage buffer that LightSteps names.
func LightBuffers() map[string]int {
	return map[string]int{"luma": LightLumaBytes, "memory": LightMemoryBytes, "cells": LightCellsBytes}
}
