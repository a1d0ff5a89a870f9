package astiav

//#include <libavdevice/avdevice.h>
import "C"

// RegisterAllDevices makes the input and output devices, such as "v4l2", known to
// FindInputFormat. It may be called more than once.
func RegisterAllDevices() { C.avdevice_register_all() }
