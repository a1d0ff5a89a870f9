package astiav

//#include "bridge.h"
//#include <stdlib.h>
import "C"

import (
	"errors"
	"io"
	"math"
	"runtime/cgo"
	"unsafe"
)

// IOContextReadFunc fills b like io.Reader; io.EOF ends the input. b must not be
// kept.
type IOContextReadFunc func(b []byte) (n int, err error)

// IOContextSeekFunc moves like io.Seeker. With whence AVSEEK_SIZE (0x10000) it
// returns the size instead.
type IOContextSeekFunc func(offset int64, whence int) (n int64, err error)

// IOContextWriteFunc takes b like io.Writer. b must not be kept.
type IOContextWriteFunc func(b []byte) (n int, err error)

// IOContext is a byte stream under a FormatContext (AVIOContext): either Go
// functions (AllocIOContext, ended by Free) or a URL (OpenIOContext, ended by
// Close). The FormatContext does not own it and is closed first.
type IOContext struct {
	c      *C.AVIOContext
	handle cgo.Handle // 0 for a URL
}

var _ Classer = (*IOContext)(nil)

type ioFuncs struct {
	read  IOContextReadFunc
	seek  IOContextSeekFunc
	write IOContextWriteFunc
}

// AllocIOContext returns a stream over Go functions with a buffer of bufferSize
// bytes. Functions that do not apply are nil.
func AllocIOContext(bufferSize int, writable bool, readFunc IOContextReadFunc, seekFunc IOContextSeekFunc, writeFunc IOContextWriteFunc) (ic *IOContext, err error) {
	if bufferSize <= 0 || bufferSize > math.MaxInt32 {
		return nil, errInvalidArgument
	}
	flag := func(b bool) C.int {
		if b {
			return 1
		}
		return 0
	}
	h := cgo.NewHandle(&ioFuncs{read: readFunc, seek: seekFunc, write: writeFunc})
	pb := C.bridge_io_new(C.int(bufferSize), flag(writable), C.uintptr_t(h),
		flag(readFunc != nil), flag(seekFunc != nil), flag(writeFunc != nil))
	if pb == nil {
		h.Delete()
		return nil, errNoMemory
	}
	ic = &IOContext{c: pb, handle: h}
	registerClasser(unsafe.Pointer(pb), ic)
	return ic, nil
}

// OpenIOContext opens a URL. ii and d may be nil; options that were understood are
// removed from d.
func OpenIOContext(filename string, flags IOContextFlags, ii *IOInterrupter, d *Dictionary) (*IOContext, error) {
	name := C.CString(filename)
	defer C.free(unsafe.Pointer(name))
	cb := ii.callback()
	ic := &IOContext{}
	if err := newError(C.avio_open2(&ic.c, name, C.int(flags), &cb, d.ptr())); err != nil {
		return nil, err
	}
	registerClasser(unsafe.Pointer(ic.c), ic)
	return ic, nil
}

// Close ends a stream of OpenIOContext, writing what is buffered.
func (ic *IOContext) Close() error {
	if ic.c == nil {
		return nil
	}
	obj := unsafe.Pointer(ic.c)
	ret := C.avio_closep(&ic.c)
	unregisterClasser(obj, ic)
	return newError(ret)
}

// Free releases a stream of AllocIOContext.
func (ic *IOContext) Free() {
	if ic.c == nil {
		return
	}
	obj := unsafe.Pointer(ic.c)
	C.bridge_io_free(&ic.c)
	if ic.handle != 0 {
		ic.handle.Delete()
		ic.handle = 0
	}
	unregisterClasser(obj, ic)
}

// Class returns what FFmpeg's log calls the stream; nil once freed, and for Go
// functions.
func (ic *IOContext) Class() *Class {
	if ic.c == nil {
		return nil
	}
	return newClass(unsafe.Pointer(ic.c))
}

// Read fills b as far as possible; ErrEof at the end.
func (ic *IOContext) Read(b []byte) (n int, err error) {
	ret := C.avio_read(ic.c, (*C.uchar)(unsafe.SliceData(b)), C.int(min(len(b), math.MaxInt32)))
	return int(max(ret, 0)), newError(ret)
}

// Seek moves to offset and returns the new position.
func (ic *IOContext) Seek(offset int64, whence int) (int64, error) {
	ret := C.avio_seek(ic.c, C.int64_t(offset), C.int(whence))
	if ret < 0 {
		return 0, Error(ret)
	}
	return int64(ret), nil
}

// Write buffers b.
func (ic *IOContext) Write(b []byte) {
	for len(b) > 0 {
		n := min(len(b), math.MaxInt32)
		C.avio_write(ic.c, (*C.uchar)(unsafe.SliceData(b)), C.int(n))
		b = b[n:]
	}
}

// Flush writes what is buffered.
func (ic *IOContext) Flush() { C.avio_flush(ic.c) }

// ioErrorCode is how an error of a Go function looks to FFmpeg.
func ioErrorCode(err error) Error {
	var code Error
	switch {
	case errors.Is(err, io.EOF):
		return ErrEof
	case errors.As(err, &code):
		return code
	}
	return ErrUnknown
}

//export goBridgeIORead
func goBridgeIORead(handle C.uintptr_t, buf *C.uint8_t, size C.int) C.int {
	read := cgo.Handle(handle).Value().(*ioFuncs).read
	b := unsafe.Slice((*byte)(buf), int(size))
	// FFmpeg takes 0 for an error of the callback, io.Reader allows it.
	for range 100 {
		n, err := read(b)
		if n > 0 {
			return C.int(min(n, len(b)))
		}
		if err != nil {
			return C.int(ioErrorCode(err))
		}
	}
	return C.int(ErrEio)
}

//export goBridgeIOWrite
func goBridgeIOWrite(handle C.uintptr_t, buf *C.uint8_t, size C.int) C.int {
	n, err := cgo.Handle(handle).Value().(*ioFuncs).write(unsafe.Slice((*byte)(buf), int(size)))
	if err != nil {
		return C.int(ioErrorCode(err))
	}
	return C.int(n)
}

//export goBridgeIOSeek
func goBridgeIOSeek(handle C.uintptr_t, offset C.int64_t, whence C.int) C.int64_t {
	n, err := cgo.Handle(handle).Value().(*ioFuncs).seek(int64(offset), int(whence))
	if err != nil {
		return C.int64_t(ioErrorCode(err))
	}
	return C.int64_t(n)
}
