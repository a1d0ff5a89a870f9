package annotations

// Epoch is the epoch of the newest message that has one, 0 before the first.
func (s *Stream) Epoch() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.epoch
}
