package mpegps

// unwrapper makes 33-bit times count on.
type unwrapper struct {
	last    int64
	started bool
}

func (u *unwrapper) unwrap(pts int64) int64 {
	const wrap = 1 << 33
	if u.started {
		diff := (pts - u.last) & (wrap - 1)
		if diff >= wrap/2 {
			diff -= wrap
		}
		pts = u.last + diff
	}
	u.started = true
	u.last = pts
	return pts
}

// marks learns whether the sender's end marks can be trusted: all of the last
// few pictures had one, at their end and nowhere else.
type marks struct {
	pending bool  // a mark came, and no picture data after it
	early   bool  // the picture has been given out on the mark's word
	pts     int64 // of that picture
	good    int
}

const trustedMarks = 8

func (m *marks) trusted() bool { return m.good >= trustedMarks }

func (m *marks) mark(d *Demuxer) {
	if !m.trusted() || !d.complete() {
		m.pending = true
		return
	}
	m.early, m.pts, m.pending = true, d.video.pts, false
	d.finishVideo()
	d.state = header
}

// right says that the next picture begins; wrong, that this one goes on.
func (m *marks) right() {
	if m.pending {
		m.good = min(m.good+1, trustedMarks)
	} else {
		m.good = 0
	}
	m.pending = false
}

func (m *marks) wrong() {
	if m.pending {
		m.good = 0
	}
	m.pending = false
}

// continued says that a picture given out on a mark's word goes on: it was
// incomplete, and its rest is of no use.
func (m *marks) continued(d *Demuxer) {
	if !m.early {
		return
	}
	m.early, m.good = false, 0
	d.damaged = true
	d.dropped, d.dropping = m.pts, true
}
