package astiav

//#include "bridge.h"
import "C"

import "sync"

// IOInterrupter makes blocking I/O of the FormatContexts and IOContexts it was given
// to return ErrExit; FFmpeg's RTSP client may call it ErrInvaliddata, so ask
// Interrupted. All methods may be called from any goroutine.
type IOInterrupter struct {
	mu sync.RWMutex // guards c against Free
	c  *C.bridge_interrupt
}

// NewIOInterrupter returns an interrupter that lets I/O pass. It is freed after the
// last context that uses it is closed. It panics without memory.
func NewIOInterrupter() *IOInterrupter {
	c := C.bridge_interrupt_new()
	if c == nil {
		panic("astiav: no memory for an interrupter")
	}
	return &IOInterrupter{c: c}
}

// Free releases the interrupter. Interrupt and Resume do nothing afterwards.
func (i *IOInterrupter) Free() {
	i.mu.Lock()
	defer i.mu.Unlock()
	C.bridge_interrupt_free(i.c)
	i.c = nil
}

// Interrupt ends I/O under way and all that follows until Resume.
func (i *IOInterrupter) Interrupt() { i.store(1) }

// Resume lets I/O pass again.
func (i *IOInterrupter) Resume() { i.store(0) }

func (i *IOInterrupter) store(raised C.int) {
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.c != nil {
		C.bridge_interrupt_store(i.c, raised)
	}
}

// Interrupted reports whether I/O is interrupted.
func (i *IOInterrupter) Interrupted() bool {
	i.mu.RLock()
	defer i.mu.RUnlock()
	return i.c != nil && C.bridge_interrupt_load(i.c) != 0
}

// callback returns what FFmpeg polls; the zero callback for a nil interrupter.
func (i *IOInterrupter) callback() C.AVIOInterruptCB {
	if i == nil {
		return C.AVIOInterruptCB{}
	}
	i.mu.RLock()
	defer i.mu.RUnlock()
	if i.c == nil {
		return C.AVIOInterruptCB{}
	}
	return C.bridge_interrupt_callback(i.c)
}
