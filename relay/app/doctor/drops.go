package doctor

import (
	"sightline/relay/dropmon"
	"sightline/relay/health"
)

// checkDrops opens and closes what sees the kernel's drops, to say how well it
// will work.
func checkDrops() Finding {
	const area = "drops"
	m := dropmon.Open(dropmon.Options{})
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
