package config

import "fmt"

// Drops is how the relay sees the packets that the kernel drops.
type Drops struct {
	// Mode is one of auto, raw_tp, counters. With auto the relay takes the best
	// way that the kernel and its capabilities allow; the others are the steps
	// below it: raw_tp attaches to the kernel without its types, counters loads
	// no kernel program and sees only what sockets themselves drop.
	Mode DropsMode `yaml:"mode"`
}

// DropsMode is the best way to take.
type DropsMode string

// The modes.
const (
	DropsAuto     DropsMode = "auto"
	DropsRaw      DropsMode = "raw_tp"
	DropsCounters DropsMode = "counters"
)

// DefaultDrops returns the section's defaults.
func DefaultDrops() Drops { return Drops{Mode: DropsAuto} }

// Validate checks the section.
func (d Drops) Validate() []Problem {
	switch d.Mode {
	case DropsAuto, DropsRaw, DropsCounters:
		return nil
	}
	return []Problem{{Key: "mode", Text: fmt.Sprintf("%s is not one of auto, raw_tp, counters", show(string(d.Mode)))}}
}
