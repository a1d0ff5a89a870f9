package doctor

import (
	"sightline/relay/config"
	"sightline/relay/dropmon"
	"sightline/relay/health"
)

// checkDrops opens and closes what sees the kernel's drops, to say how well it
// will work; cfg may be nil.
func checkDrops(cfg *config.Config) Finding {
	const area = "drops"
	var o dropmon.Options
	if cfg != nil && cfg.Drops.Mode != config.DropsAuto {
		o.Highest = dropmon.Rung(cfg.Drops.Mode) // they have the same names
	}
	m := dropmon.Open(o)
	level := m.Level()
	if err := m.Close(); err != nil {
		return bad(area, health.New(health.DropsLimited, "%v.", err))
	}
	if level.Reason == "" {
		return good(area, "every packet that the kernel drops is seen with its reason (%s)", level.Rung)
	}
	c := health.New(health.DropsLimited, "%s Rung in use: %s.", level.Reason, level.Rung)
	if level.Fix != "" {
		c = c.WithFix("%s", level.Fix)
	}
	return bad(area, c)
}
