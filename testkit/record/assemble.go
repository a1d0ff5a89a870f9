package main

import (
	"time"

	"github.com/pion/rtp"
	"github.com/pion/rtp/codecs"
)

// AccessUnit is one coded picture as it arrived.
type AccessUnit struct {
	// RTP is the picture's timestamp, Seq the sequence number of its first packet.
	RTP uint32 `json:"rtp"`
	Seq uint16 `json:"seq"`
	// Key is set for IDR pictures.
	Key     bool `json:"key"`
	Packets int  `json:"packets"`
	// Bytes of the picture in the byte stream, start codes included.
	Bytes int `json:"bytes"`
	// Lost counts the packets missing within and before the picture.
	Lost int `json:"lost"`
	// At is when its last packet arrived, in milliseconds since 1970.
	At float64 `json:"at"`

	data []byte
}

// Summary counts a recording's packets.
type Summary struct {
	Packets int `json:"packets"`
	// Lost is the sum of the sequence number gaps; Late the packets that came
	// after a higher number, which are left out of the byte stream.
	Lost int `json:"lost"`
	Late int `json:"late"`
	// Missed arrived, but faster than they could be recorded.
	Missed int `json:"missed"`
}

// Assembler joins packets of H.264 (RFC 6184) into access units. The zero
// value is ready.
type Assembler struct {
	Summary Summary

	begun   bool
	next    uint16
	open    *AccessUnit
	decoder *codecs.H264Packet
	lost    int // since the last unit was handed out
}

// nalIDR is the type of a slice of an IDR picture (ITU-T H.264 table 7-1).
const nalIDR = 5

// Push takes the next packet and returns the access units that it completes:
// none, one, or two where the marker of the first was lost.
func (a *Assembler) Push(p *rtp.Packet, at time.Time) []AccessUnit {
	a.Summary.Packets++
	if a.begun {
		switch gap := int16(p.SequenceNumber - a.next); {
		case gap < 0:
			a.Summary.Late++
			return nil
		case gap > 0:
			a.Summary.Lost += int(gap)
			a.lost += int(gap)
			a.decoder = &codecs.H264Packet{} // half a NAL unit is of no use
		}
	}
	a.begun, a.next = true, p.SequenceNumber+1
	if len(p.Payload) == 0 {
		return nil // padding
	}
	var done []AccessUnit
	if a.open != nil && a.open.RTP != p.Timestamp {
		done = append(done, a.end())
	}
	if a.open == nil {
		a.open = &AccessUnit{RTP: p.Timestamp, Seq: p.SequenceNumber}
	}
	if a.decoder == nil {
		a.decoder = &codecs.H264Packet{}
	}
	au := a.open
	au.Packets++
	au.At = float64(at.UnixMicro()) / 1000
	if nalus, err := a.decoder.Unmarshal(p.Payload); err == nil {
		au.data = append(au.data, nalus...)
	}
	if p.Marker {
		done = append(done, a.end())
	}
	return done
}

// end closes the open access unit.
func (a *Assembler) end() AccessUnit {
	au := *a.open
	a.open = nil
	au.Lost, a.lost = a.lost, 0
	au.Bytes = len(au.data)
	for i := 0; i+3 < len(au.data); i++ {
		if au.data[i] == 0 && au.data[i+1] == 0 && au.data[i+2] == 1 && au.data[i+3]&0x1f == nalIDR {
			au.Key = true
			break
		}
	}
	return au
}
