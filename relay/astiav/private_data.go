package astiav

//#include <libavutil/mem.h>
//#include <libavutil/opt.h>
//#include <stdlib.h>
import "C"

import "unsafe"

// PrivateData is the part of an object that belongs to one codec, format or filter.
type PrivateData struct {
	obj unsafe.Pointer
}

// newPrivateData returns nil for an object without options.
func newPrivateData(obj unsafe.Pointer) *PrivateData {
	if newClass(obj) == nil {
		return nil
	}
	return &PrivateData{obj: obj}
}

// Options returns the options, which borrow from the object.
func (pd *PrivateData) Options() *Options { return &Options{obj: pd.obj} }

// Options are the settings FFmpeg knows by name.
type Options struct {
	obj unsafe.Pointer
}

// List returns all options.
func (os *Options) List() (list []*Option) {
	for o := C.av_opt_next(os.obj, nil); o != nil; o = C.av_opt_next(os.obj, o) {
		list = append(list, &Option{c: o})
	}
	return list
}

// Set parses value and stores it; ErrOptionNotFound for an unknown name.
func (os *Options) Set(name, value string, f OptionSearchFlags) error {
	n, v := C.CString(name), C.CString(value)
	defer C.free(unsafe.Pointer(n))
	defer C.free(unsafe.Pointer(v))
	return newError(C.av_opt_set(os.obj, n, v, C.int(f)))
}

// Get returns the value as text; ErrOptionNotFound for an unknown name.
func (os *Options) Get(name string, f OptionSearchFlags) (string, error) {
	n := C.CString(name)
	defer C.free(unsafe.Pointer(n))
	var v *C.uint8_t
	if err := newError(C.av_opt_get(os.obj, n, C.int(f), &v)); err != nil {
		return "", err
	}
	defer C.av_free(unsafe.Pointer(v))
	return C.GoString((*C.char)(unsafe.Pointer(v))), nil
}

// Option is one setting. It is static.
type Option struct {
	c *C.AVOption
}

// Name returns the name.
func (o *Option) Name() string { return C.GoString(o.c.name) }
