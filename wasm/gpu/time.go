//go:build js && wasm

package gpu

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/hack-pad/safejs"

	"sightline/wasm/engine"
)

// bufferQueryResolve is the usage bit of buffers that timestamps are written to.
const bufferQueryResolve = 0x200

// timedRuns is how often Time runs a plan; the best of each dispatch counts.
const timedRuns = 3

// Time implements engine.Timer: each dispatch runs in a pass of its own, between two timestamps. It waits
// for kernels to be compiled, and takes a plan's memory for as long as it runs.
func (d *Device) Time(p *engine.Plan) ([]time.Duration, error) {
	if !d.Timed {
		return nil, errors.New("gpu: the adapter " + d.Adapter + " measures no times (no " + timestamps + ")")
	}
	n, err := d.NewNetwork("timing", p)
	if err != nil {
		return nil, err
	}
	defer n.Close()
	if err := n.Compile(); err != nil {
		return nil, err
	}
	count := 2 * len(p.Dispatches)
	queries, err := d.value.Call("createQuerySet", map[string]any{"type": "timestamp", "count": count})
	if err != nil {
		return nil, err
	}
	defer queries.Call("destroy")
	resolved, err := d.newBuffer("timestamps", 8*count, bufferQueryResolve|bufferCopySrc)
	if err != nil {
		return nil, err
	}
	defer resolved.Destroy()
	times := make([]time.Duration, len(p.Dispatches))
	for run := range timedRuns {
		stamps, err := n.timestamps(queries, resolved)
		if err != nil {
			return nil, err
		}
		for i := range times {
			begin, end := binary.LittleEndian.Uint64(stamps[16*i:]), binary.LittleEndian.Uint64(stamps[16*i+8:])
			// Some drivers give stamps out of order; such a pair says nothing.
			took := time.Duration(max(0, int64(end-begin)))
			if run == 0 || took < times[i] {
				times[i] = took
			}
		}
	}
	return times, nil
}

// timestamps runs all dispatches once and returns when each began and ended, in nanoseconds of eight bytes.
func (n *Network) timestamps(queries safejs.Value, resolved *Buffer) ([]byte, error) {
	d := n.device
	e := d.NewEncoder()
	m := &d.methods
	for i, dispatch := range n.plan.Dispatches {
		pass := e.do(m.beginComputePass, e.value, map[string]any{"timestampWrites": map[string]any{
			"querySet": queries, "beginningOfPassWriteIndex": 2 * i, "endOfPassWriteIndex": 2*i + 1}})
		e.do(m.computeSetPipeline, pass, n.kernels[dispatch.Kernel])
		e.do(m.computeSetBindGroup, pass, 0, n.fixed, n.offsets[i])
		e.do(m.computeSetBindGroup, pass, 1, n.changing)
		e.do(m.dispatchWorkgroups, pass, int(dispatch.X), int(dispatch.Y))
		e.do(m.computeEnd, pass)
	}
	if e.err == nil {
		_, e.err = e.value.Call("resolveQuerySet", queries, 0, 2*len(n.plan.Dispatches), resolved.value, 0)
	}
	read, err := e.ReadBuffer(resolved)
	if err != nil {
		return nil, err
	}
	if err := e.Submit(); err != nil {
		read.Discard()
		return nil, err
	}
	buffer, err := read.Bytes()
	if err != nil {
		return nil, err
	}
	array, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		return nil, err
	}
	view, err := array.New(buffer)
	if err != nil {
		return nil, err
	}
	out := make([]byte, resolved.Size)
	_, err = safejs.CopyBytesToGo(out, view)
	return out, err
}
