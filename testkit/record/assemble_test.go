package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/pion/rtp"
)

func packet(seq uint16, ts uint32, marker bool, payload ...byte) *rtp.Packet {
	return &rtp.Packet{Header: rtp.Header{Version: 2, SequenceNumber: seq, Timestamp: ts, Marker: marker}, Payload: payload}
}

func TestAssembler(t *testing.T) {
	for _, c := range []struct {
		name    string
		packets []*rtp.Packet
		units   []AccessUnit
		data    [][]byte
		summary Summary
	}{
		{name: "single NAL units, sequence numbers wrap",
			packets: []*rtp.Packet{packet(65535, 7, true, 0x65, 1), packet(0, 8, true, 0x61, 2)},
			units:   []AccessUnit{{RTP: 7, Seq: 65535, Key: true, Packets: 1, Bytes: 6}, {RTP: 8, Packets: 1, Bytes: 6}},
			data:    [][]byte{{0, 0, 0, 1, 0x65, 1}, {0, 0, 0, 1, 0x61, 2}},
			summary: Summary{Packets: 2}},
		{name: "parameter sets in a STAP-A, an IDR picture in two FU-A",
			packets: []*rtp.Packet{
				packet(1, 9, false, 0x78, 0, 2, 0x67, 1, 0, 2, 0x68, 2),
				packet(2, 9, false, 0x7c, 0x85, 3), packet(3, 9, true, 0x7c, 0x45, 4)},
			units:   []AccessUnit{{RTP: 9, Seq: 1, Key: true, Packets: 3, Bytes: 19}},
			data:    [][]byte{{0, 0, 0, 1, 0x67, 1, 0, 0, 0, 1, 0x68, 2, 0, 0, 0, 1, 0x65, 3, 4}},
			summary: Summary{Packets: 3}},
		{name: "a lost marker ends the unit all the same",
			packets: []*rtp.Packet{packet(1, 9, false, 0x61, 1), packet(3, 10, true, 0x61, 2)},
			units:   []AccessUnit{{RTP: 9, Seq: 1, Packets: 1, Bytes: 6, Lost: 1}, {RTP: 10, Seq: 3, Packets: 1, Bytes: 6}},
			data:    [][]byte{{0, 0, 0, 1, 0x61, 1}, {0, 0, 0, 1, 0x61, 2}},
			summary: Summary{Packets: 2, Lost: 1}},
		{name: "a fragment after a loss is left out, a late packet too",
			packets: []*rtp.Packet{packet(1, 9, false, 0x7c, 0x81, 1), packet(3, 9, true, 0x7c, 0x41, 3), packet(2, 9, false, 0x7c, 0x01, 2)},
			units:   []AccessUnit{{RTP: 9, Seq: 1, Packets: 2, Bytes: 6, Lost: 1}},
			summary: Summary{Packets: 3, Lost: 1, Late: 1}},
		{name: "padding belongs to no picture",
			packets: []*rtp.Packet{packet(1, 9, true, 0x61, 1), packet(2, 9, false)},
			units:   []AccessUnit{{RTP: 9, Seq: 1, Packets: 1, Bytes: 6}},
			data:    [][]byte{{0, 0, 0, 1, 0x61, 1}},
			summary: Summary{Packets: 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var a Assembler
			var got []AccessUnit
			at := time.UnixMilli(1500)
			for _, p := range c.packets {
				got = append(got, a.Push(p, at)...)
			}
			if len(got) != len(c.units) {
				t.Fatalf("%d access units, want %d", len(got), len(c.units))
			}
			for i, au := range got {
				if c.data != nil && !bytes.Equal(au.data, c.data[i]) {
					t.Errorf("unit %d holds % x, want % x", i, au.data, c.data[i])
				}
				want := c.units[i]
				if au.At != 1500 {
					t.Errorf("unit %d came at %v", i, au.At)
				}
				if au.RTP != want.RTP || au.Seq != want.Seq || au.Key != want.Key || au.Packets != want.Packets || au.Lost != want.Lost ||
					(c.data != nil && au.Bytes != want.Bytes) {
					t.Errorf("unit %d is %+v, want %+v", i, au, want)
				}
			}
			if a.Summary != c.summary {
				t.Errorf("summary %+v, want %+v", a.Summary, c.summary)
			}
		})
	}
}
