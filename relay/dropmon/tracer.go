package dropmon

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"
	"github.com/cilium/ebpf/ringbuf"
	"golang.org/x/sys/unix"

	"sightline/bpf"
)

// tracer is the attached program with its maps.
type tracer struct {
	maps   bpf.DropsMaps
	prog   *ebpf.Program
	link   link.Link
	events *ringbuf.Reader
	names  reasonNames
	ports  map[uint16]int // sockets by port
}

// load loads and attaches the program of a rung.
func load(o Options, types *btf.Spec, r Rung) (*tracer, error) {
	args, err := o.args(types, o.tracepoint)
	switch {
	case err == nil:
		return loadWith(o, types, r, args)
	case r == TracingBTF:
		return nil, err
	}
	// A raw tracepoint refuses a program that reads more arguments than it has.
	for args := 4; ; args-- {
		t, err := loadWith(o, types, r, args)
		if args == 2 || !errors.Is(err, unix.EINVAL) {
			return t, err
		}
	}
}

func loadWith(o Options, types *btf.Spec, r Rung, args int) (*tracer, error) {
	spec, err := bpf.LoadDrops()
	if err != nil {
		return nil, fmt.Errorf("dropmon: %w", err)
	}
	if err := spec.Variables[bpf.DropsVarKfreeSkbArgs].Set(uint8(args)); err != nil {
		return nil, fmt.Errorf("dropmon: %w", err)
	}
	keep, drop := bpf.DropsProgKfreeSkbBtf, bpf.DropsProgKfreeSkbRaw
	if r == TracingRaw {
		keep, drop = drop, keep
	}
	delete(spec.Programs, drop)
	spec.Programs[keep].AttachTo = o.tracepoint
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{Programs: ebpf.ProgramOptions{KernelTypes: types}})
	if err != nil {
		return nil, fmt.Errorf("dropmon: load %s: %w", r, err)
	}
	defer c.Close() // what is used below is taken out of it
	t := &tracer{names: loadReasonNames(types), ports: map[uint16]int{}}
	if err := c.Assign(&t.maps); err != nil {
		return nil, fmt.Errorf("dropmon: %w", err)
	}
	t.prog = c.DetachProgram(keep)
	if r == TracingRaw {
		t.link, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: o.tracepoint, Program: t.prog})
	} else {
		t.link, err = link.AttachTracing(link.TracingOptions{Program: t.prog})
	}
	if err == nil {
		t.events, err = ringbuf.NewReader(t.maps.Events)
	}
	if err != nil {
		_ = t.close()
		return nil, fmt.Errorf("dropmon: attach %s: %w", r, err)
	}
	return t, nil
}

func (t *tracer) close() error {
	var errs []error
	if t.link != nil {
		errs = append(errs, t.link.Close())
	}
	if t.events != nil {
		errs = append(errs, t.events.Close())
	}
	return errors.Join(append(errs, t.prog.Close(), t.maps.Close())...)
}

// read sums the tallies of all processors.
func (t *tracer) read() (map[cause]Drop, error) {
	out := map[cause]Drop{}
	var key bpf.DropsCause
	var values []bpf.DropsTally
	it := t.maps.Tallies.Iterate()
	for it.Next(&key, &values) {
		c := cause{stream: key.Stream, reason: t.names.name(key.Reason), sent: key.Direction != 0}
		d := out[c]
		d.Reason, d.Sent = c.reason, c.sent
		for _, v := range values {
			d.Packets += v.Packets
			d.Bytes += v.Bytes
		}
		if d.Packets > 0 {
			out[c] = d
		}
	}
	return out, it.Err()
}

// missed counts drops that the program could not count: it was running
// already on that processor, or its map was full.
func (t *tracer) missed() uint64 {
	var n uint64
	if s, err := t.prog.Stats(); err == nil {
		n = s.RecursionMisses
	}
	var full []uint64
	if t.maps.Untold.Lookup(uint32(0), &full) == nil {
		for _, v := range full {
			n += v
		}
	}
	return n
}

// add makes the program know a socket; remove makes it forget it.
func (t *tracer) add(w *watched) error {
	if err := t.maps.Sockets.Put(w.endpoint, w.entry()); err != nil {
		return fmt.Errorf("dropmon: watch: %w", err)
	}
	t.ports[w.endpoint.Port]++
	return t.setPort(w.endpoint.Port)
}

func (t *tracer) remove(w *watched) error {
	port := w.endpoint.Port
	if t.ports[port]--; t.ports[port] <= 0 {
		delete(t.ports, port)
	}
	var now bpf.DropsSocket
	err := t.maps.Sockets.Lookup(w.endpoint, &now)
	if err == nil && now.Id == w.id { // else another socket has taken the address
		err = t.maps.Sockets.Delete(w.endpoint)
	}
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		err = nil
	}
	return errors.Join(err, t.setPort(port))
}

func (t *tracer) setPort(port uint16) error {
	word := port &^ 63
	var bits uint64
	for i := range uint16(64) {
		if t.ports[word+i] > 0 {
			bits |= 1 << i
		}
	}
	return t.maps.Ports.Put(uint32(word)/64, bits)
}

func (t *tracer) addPeer(w *watched, p peer, stream uint32) error {
	return t.maps.Peers.Put(p.key(w.id), stream)
}

func (t *tracer) removePeer(w *watched, p peer) error {
	err := t.maps.Peers.Delete(p.key(w.id))
	if errors.Is(err, ebpf.ErrKeyNotExist) {
		return nil
	}
	return err
}

// Event is one sampled drop.
type Event struct {
	Time    time.Time `json:"time"`
	Stream  string    `json:"stream"`
	Reason  string    `json:"reason"`
	Sent    bool      `json:"sent,omitempty"`
	Packets uint32    `json:"packets"`
	// SSRC and Sequence are the packet's, where it was RTP.
	SSRC     uint32 `json:"ssrc,omitempty"`
	Sequence uint16 `json:"sequence,omitempty"`
}

// keptEvents is how many of the newest events are kept.
const keptEvents = 256

// readEvents takes events until the deadline.
func (m *Monitor) readEvents(t *tracer, deadline time.Time) {
	t.events.SetDeadline(deadline)
	var record ringbuf.Record
	for {
		err := t.events.ReadInto(&record)
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return
		}
		if err != nil {
			// Closed: the loop above ends it; wait so as not to spin.
			time.Sleep(time.Until(deadline))
			return
		}
		var e bpf.DropsEvent
		if binary.Read(bytes.NewReader(record.RawSample), binary.NativeEndian, &e) != nil {
			continue
		}
		m.note(t, &e)
	}
}

func (m *Monitor) note(t *tracer, e *bpf.DropsEvent) {
	var now unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &now)
	ago := time.Duration(now.Nano() - int64(e.Time))
	m.mu.Lock()
	defer m.mu.Unlock()
	if int(e.Stream) >= len(m.names) {
		return
	}
	out := Event{Time: time.Now().Add(-ago).UTC(), Stream: m.names[e.Stream], Reason: t.names.name(e.Reason),
		Sent: e.Direction != 0, Packets: e.Packets}
	if e.IsRtp != 0 {
		out.SSRC, out.Sequence = e.Ssrc, e.Sequence
	}
	if len(m.recent) >= keptEvents {
		m.recent = slices.Delete(m.recent, 0, len(m.recent)-keptEvents+1)
	}
	m.recent = append(m.recent, out)
}

// Recent returns the newest sampled drops of a stream, oldest first.
func (m *Monitor) Recent(stream string) []Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []Event
	for _, e := range m.recent {
		if e.Stream == stream {
			out = append(out, e)
		}
	}
	return out
}
