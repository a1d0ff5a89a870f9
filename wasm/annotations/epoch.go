package annotations

// Epoch is the epoch of the newest message that has one, 0 before the first.
func (s *Stream) Epoch() uint32 { return s.epoch }
