package astiav

//#include "compat.h"
import "C"

import "unsafe"

// PacketSideDataType says what a piece of side data is.
type PacketSideDataType C.enum_AVPacketSideDataType

// Types of side data of libavcodec/packet.h.
const (
	// PacketSideDataTypeNewExtradata is extradata that holds from the packet on.
	PacketSideDataTypeNewExtradata = PacketSideDataType(C.AV_PKT_DATA_NEW_EXTRADATA)
	// PacketSideDataTypeParamChange is a change of size or of sample rate.
	PacketSideDataTypeParamChange = PacketSideDataType(C.AV_PKT_DATA_PARAM_CHANGE)
)

// Name returns FFmpeg's name for the type.
func (t PacketSideDataType) Name() string {
	return C.GoString(C.av_packet_side_data_name(C.enum_AVPacketSideDataType(t)))
}

// String returns Name.
func (t PacketSideDataType) String() string { return t.Name() }

// PacketSideData is what comes with a packet beside its data. It borrows from the
// packet.
type PacketSideData struct {
	sd   **C.AVPacketSideData
	size *C.int
}

// SideData returns what comes with the packet beside its data.
func (p *Packet) SideData() *PacketSideData {
	return &PacketSideData{sd: &p.c.side_data, size: &p.c.side_data_elems}
}

// Get returns a copy of the side data of one type, nil if there is none.
func (d *PacketSideData) Get(t PacketSideDataType) []byte {
	if *d.sd == nil {
		return nil
	}
	for _, one := range unsafe.Slice(*d.sd, int(*d.size)) {
		if one._type == C.enum_AVPacketSideDataType(t) {
			return copyBytes(one.data, C.int(one.size))
		}
	}
	return nil
}
