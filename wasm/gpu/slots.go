//go:build js && wasm

package gpu

import "github.com/hack-pad/safejs"

// Slots are a ring of mappable buffers of one size, for small results that come back again and again.
type Slots struct {
	device *Device
	size   int
	free   []*Slot
	all    []*Slot
	array  safejs.Value
	closed bool
}

// Slot is one of them, taken until its Read has returned.
type Slot struct {
	slots  *Slots
	buffer *Buffer
}

// NewSlots makes so many buffers of a size in bytes.
func (d *Device) NewSlots(label string, size, count int) (*Slots, error) {
	s := &Slots{device: d, size: (size + 3) &^ 3}
	array, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		return nil, err
	}
	s.array = array
	for range count {
		b, err := d.newBuffer(label, size, bufferMapRead|bufferCopyDst)
		if err != nil {
			s.Close()
			return nil, err
		}
		slot := &Slot{s, b}
		s.all, s.free = append(s.all, slot), append(s.free, slot)
	}
	return s, nil
}

// Take returns a free slot, or nil while all are on their way.
func (s *Slots) Take() *Slot {
	if s.closed || len(s.free) == 0 {
		return nil
	}
	slot := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	return slot
}

// Copy records the copy of a storage buffer's beginning into a slot.
func (e *Encoder) Copy(source *Buffer, to *Slot) {
	if e.err == nil {
		_, e.err = e.value.Call("copyBufferToBuffer", source.value, 0, to.buffer.value, 0, to.slots.size)
	}
}

// Read waits until what was submitted with the slot's copy is done, copies the bytes and gives the slot
// back.
func (s *Slot) Read(a *Awaiter) ([]byte, error) {
	defer s.Return()
	promise, err := s.buffer.value.Call("mapAsync", 1)
	if err != nil {
		return nil, err
	}
	if _, err := a.Await(promise); err != nil {
		return nil, err
	}
	mapped, err := s.buffer.value.Call("getMappedRange")
	if err != nil {
		return nil, err
	}
	view, err := s.slots.array.New(mapped)
	if err != nil {
		return nil, err
	}
	out := make([]byte, s.slots.size)
	if _, err := safejs.CopyBytesToGo(out, view); err != nil {
		return nil, err
	}
	_, err = s.buffer.value.Call("unmap")
	return out, err
}

// Return gives a slot back unread.
func (s *Slot) Return() { s.slots.free = append(s.slots.free, s) }

// Close frees the buffers; a Read under way ends with an error.
func (s *Slots) Close() {
	if s == nil || s.closed {
		return
	}
	s.closed = true
	for _, slot := range s.all {
		slot.buffer.Destroy()
	}
}
