package astiav

//#include "compat.h"
//static int layout_mono(AVChannelLayout *l) { return av_channel_layout_from_mask(l, AV_CH_LAYOUT_MONO); }
//static int layout_stereo(AVChannelLayout *l) { return av_channel_layout_from_mask(l, AV_CH_LAYOUT_STEREO); }
import "C"

import (
	"bytes"
	"unsafe"
)

// ChannelLayout is the order and meaning of audio channels. The layouts here are
// native ones (a mask), so values may be copied freely.
type ChannelLayout struct {
	c C.AVChannelLayout
}

// The layouts in use.
var (
	ChannelLayoutMono   = func() (l ChannelLayout) { C.layout_mono(&l.c); return }()
	ChannelLayoutStereo = func() (l ChannelLayout) { C.layout_stereo(&l.c); return }()
)

// newChannelLayout copies what can be copied without an owner: a custom order
// lives in memory of its parent and is reduced to its channel count.
func newChannelLayout(c *C.AVChannelLayout) (l ChannelLayout) {
	if c.order == C.AV_CHANNEL_ORDER_CUSTOM {
		l.c.order, l.c.nb_channels = C.AV_CHANNEL_ORDER_UNSPEC, c.nb_channels
		return l
	}
	l.c = *c
	return l
}

// Channels returns the number of channels.
func (l ChannelLayout) Channels() int { return int(l.c.nb_channels) }

// Valid reports whether the layout is consistent and not empty.
func (l ChannelLayout) Valid() bool { return C.av_channel_layout_check(&l.c) != 0 }

// Compare reports whether both layouts have the same channels in the same order;
// err is set where one of them is not valid.
func (l ChannelLayout) Compare(l2 ChannelLayout) (equal bool, err error) {
	ret := C.av_channel_layout_compare(&l.c, &l2.c)
	if ret < 0 {
		return false, newError(ret)
	}
	return ret == 0, nil
}

// Equal is Compare without an error.
func (l ChannelLayout) Equal(l2 ChannelLayout) bool {
	equal, _ := l.Compare(l2)
	return equal
}

// Describe writes the name, ended by a zero byte, into b and returns the length it
// needs, which may exceed len(b). FFmpeg counts the zero byte from 6.0 on.
func (l ChannelLayout) Describe(b []byte) (int, error) {
	ret := C.av_channel_layout_describe(&l.c, (*C.char)(unsafe.Pointer(unsafe.SliceData(b))), C.size_t(len(b)))
	if ret < 0 {
		return 0, newError(ret)
	}
	return int(ret), nil
}

// String returns FFmpeg's name, such as "stereo"; empty for no valid layout.
func (l ChannelLayout) String() string {
	b := make([]byte, 128)
	if _, err := l.Describe(b); err != nil {
		return ""
	}
	name, _, _ := bytes.Cut(b, []byte{0})
	return string(name)
}
