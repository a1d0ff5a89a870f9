package astiav

//#include <libavcodec/defs.h>
//#include <libavutil/mem.h>
//#include <string.h>
import "C"

import (
	"math"
	"unsafe"
)

// copyBytes copies C memory to Go memory; nil where there is none.
func copyBytes(data *C.uint8_t, size C.int) []byte {
	if data == nil {
		return nil
	}
	return C.GoBytes(unsafe.Pointer(data), size)
}

// replacePadded replaces an FFmpeg-owned buffer by a copy of b with the zeroed
// padding that bitstream readers need. An empty b changes nothing.
func replacePadded(b []byte, data **C.uint8_t, size *C.int) error {
	if len(b) == 0 {
		return nil
	}
	if len(b) > math.MaxInt32-C.AV_INPUT_BUFFER_PADDING_SIZE {
		return errInvalidArgument
	}
	buf := C.av_mallocz(C.size_t(len(b)) + C.AV_INPUT_BUFFER_PADDING_SIZE)
	if buf == nil {
		return errNoMemory
	}
	C.memcpy(buf, unsafe.Pointer(unsafe.SliceData(b)), C.size_t(len(b)))
	C.av_free(unsafe.Pointer(*data))
	*data, *size = (*C.uint8_t)(buf), C.int(len(b))
	return nil
}
