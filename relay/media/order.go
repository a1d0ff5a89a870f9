package media

import "math"

// PictureOrder is what a slice header says of the place of its picture in the
// show (H.264 section 8.2.1).
type PictureOrder struct {
	// LSB are the low bits of the picture order count, which goes round at Max.
	LSB, Max int
	// IDR says that counts begin anew.
	IDR bool
}

// Order reads the place of a picture from its first slice header. It reports
// false where the stream does not say (pic_order_cnt_type 1 and 2, the latter
// of which has no B-frames).
func (s SPSInfo) Order(nalus [][]byte) (PictureOrder, bool) {
	for _, n := range nalus {
		t := NALUType(n)
		if t != naluSlice && t != naluIDR {
			continue
		}
		if s.orderType != 0 || s.orderBits == 0 {
			return PictureOrder{}, false
		}
		r := bitReader{b: unescape(n[1:min(len(n), 40)])}
		r.ue() // first_mb_in_slice
		r.ue() // slice_type
		r.ue() // pic_parameter_set_id
		if s.separatePlanes {
			r.bits(2)
		}
		r.bits(s.frameNumBits)
		if !s.frameOnly && r.bits(1) == 1 {
			r.bits(1)
		}
		if t == naluIDR {
			r.ue() // idr_pic_id
		}
		o := PictureOrder{LSB: int(r.bits(s.orderBits)), Max: 1 << s.orderBits, IDR: t == naluIDR}
		return o, !r.failed
	}
	return PictureOrder{}, false
}

// order restores the times of pictures that a source with B-frames stamps in
// the order of decoding: the stamps rise although pictures are shown before
// ones that were decoded earlier. The times are those of the places that the
// pictures' order counts give them from the newest IDR picture on; nothing
// waits for it.
type order struct {
	bFrames bool
	picture func(nalus [][]byte) (PictureOrder, bool)

	evidence int  // pictures stamped in the order of decoding, at most 4
	active   bool // begun with an IDR picture

	synced   bool
	first    int64   // stamp of the newest IDR picture
	count    int     // of the newest picture, without going round
	highest  int     // in this group of pictures
	decoded  int     // pictures of this group
	delay    int     // most pictures that one is decoded later than shown
	unit     int     // of the count for one picture
	step     float64 // of the stamps for one picture
	newest   int64   // highest stamp
	nextUnit int
}

// reorders says whether pictures come in another order than they are shown.
func (o *order) reorders() bool { return o.bFrames }

// place gives a picture the time of its place in the show, and reports false
// where its own stamp is right.
func (o *order) place(au *AccessUnit, u int64) (int64, bool) {
	if o.picture == nil {
		return 0, false
	}
	p, ok := o.picture(au.NALUs)
	if !ok {
		return 0, false
	}
	if p.IDR {
		o.begin(u)
	}
	if !o.synced {
		return 0, false
	}
	d := (p.LSB - o.count) % p.Max
	if d < -p.Max/2 {
		d += p.Max
	} else if d >= p.Max/2 {
		d -= p.Max
	}
	o.count += d
	if o.count > 0 && (o.nextUnit == 0 || o.count < o.nextUnit) {
		o.nextUnit = o.count // the picture after the IDR picture has the least
	}
	if o.count < o.highest {
		if u > o.newest {
			o.evidence = min(o.evidence+1, 4)
		} else {
			o.evidence = max(o.evidence-2, 0)
			o.active = o.active && o.evidence > 0
		}
	}
	o.highest, o.newest = max(o.highest, o.count), max(o.newest, u)
	o.decoded++
	if o.unit > 0 {
		o.delay = max(o.delay, o.decoded-1-o.count/o.unit)
	}
	if !o.active || o.step <= 0 {
		return 0, false
	}
	return o.first + int64(math.Round(o.step*float64(o.count/o.unit+o.delay))), true
}

// begin takes the stamp of an IDR picture: it ends a group of pictures, which
// says how far its pictures are apart.
func (o *order) begin(u int64) {
	if o.synced && o.nextUnit > 0 && o.highest > 0 {
		o.unit = o.nextUnit
		o.step = float64(u-o.first) / float64(o.highest/o.unit+1)
		if o.delay == 0 {
			o.delay = 1
		}
		o.active = o.evidence >= 2 && o.step > 0 && o.step < ClockRate
	}
	o.synced, o.first, o.newest = true, u, u
	o.count, o.highest, o.decoded, o.nextUnit = 0, 0, 0, 0
}
