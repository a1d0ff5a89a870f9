package astiav

//#include <libavutil/log.h>
//static const char *class_item_name(const AVClass *c, void *obj) {
//  return c->item_name ? c->item_name(obj) : c->class_name;
//}
import "C"

import (
	"fmt"
	"sync"
	"unsafe"
)

// Classer is an object that FFmpeg can name in its log.
type Classer interface {
	// Class returns nil once the object is freed.
	Class() *Class
}

// Class describes an object to FFmpeg's log and option system (AVClass). It
// borrows from the object.
type Class struct {
	c   *C.AVClass
	obj unsafe.Pointer
}

// newClass reads the AVClass pointer that every loggable FFmpeg struct starts with.
func newClass(obj unsafe.Pointer) *Class {
	if obj == nil || *(**C.AVClass)(obj) == nil {
		return nil
	}
	return &Class{c: *(**C.AVClass)(obj), obj: obj}
}

// Name returns the name of the class, such as "AVCodecContext".
func (c *Class) Name() string { return C.GoString(c.c.class_name) }

// ItemName returns the name of this object, such as "libx264" or "rtsp".
func (c *Class) ItemName() string { return C.GoString(C.class_item_name(c.c, c.obj)) }

// String returns item, class and address, for logs.
func (c *Class) String() string { return fmt.Sprintf("%s [%s] @ %p", c.ItemName(), c.Name(), c.obj) }

// UnknownClasser is what the log callback gets for an object FFmpeg made itself.
type UnknownClasser struct {
	c *Class
}

// Class returns the class, valid during the log callback only.
func (c *UnknownClasser) Class() *Class { return c.c }

// classers maps the address of each live C object to its Go value. FFmpeg's log
// is process-wide and hands over an address, so this has to be too.
var classers sync.Map // unsafe.Pointer → Classer

func registerClasser(obj unsafe.Pointer, c Classer) { classers.Store(obj, c) }

// unregisterClasser is called after the C object is freed (freeing may log). By
// then the address may belong to a newer object, whose entry must stay.
func unregisterClasser(obj unsafe.Pointer, c Classer) { classers.CompareAndDelete(obj, c) }

func classerOf(obj unsafe.Pointer) Classer {
	if obj == nil {
		return nil
	}
	if c, ok := classers.Load(obj); ok {
		return c.(Classer)
	}
	return &UnknownClasser{c: newClass(obj)}
}
