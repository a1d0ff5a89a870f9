package hub

import "errors"

// ErrNotHeld is what Excerpt returns for a picture that the ring does not
// hold, or whose key frame it does not.
var ErrNotHeld = errors.New("hub: the ring does not hold the picture and its key frame")

// Excerpt returns what it takes to decode one picture: the frames from the
// newest key frame at or before it, up to the picture itself. It adds no
// reader and wakes no source. The frames are shared and not to be modified.
func (s *Stream) Excerpt(ts uint32) ([]*Frame, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	held := s.ring.frames[s.ring.head:]
	for at := len(held) - 1; at >= 0; at-- {
		if held[at].TS != ts {
			continue
		}
		for from := at; from >= 0; from-- {
			if held[from].Key {
				return append([]*Frame(nil), held[from:at+1]...), nil
			}
		}
		break
	}
	return nil, ErrNotHeld
}
