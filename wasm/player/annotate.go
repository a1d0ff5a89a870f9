//go:build js && wasm

package player

import (
	"errors"
	"time"

	"sightline/shaders"
	"sightline/vision/annot"
	"sightline/wasm/annotations"
	"sightline/wasm/frame"
	"sightline/wasm/link"
	"sightline/wasm/overlay"
)

// annotated is a player's share of annotations.
type annotated struct {
	base, name string
	// stream is nil while no annotations are drawn.
	stream *annotations.Stream
	hold   bool
	// own says that what this browser finds is drawn without a relay's stream too.
	own bool
	// boxes are those of the frame drawn last.
	boxes []annotations.Box
}

// The colors of boxes by who found them; snapshots of events and the page's legend have the same.
var (
	relayColor  = shaders.RGBA(0xff, 0xb0, 0x20, 255)
	clientColor = shaders.RGBA(0x2e, 0xd3, 0xf2, 255)
)

// annotate hands a message of a relay to the players of its stream.
func (r *Registry) annotate(m link.Message) {
	message, err := annot.Decode([]byte(m.Text))
	if err != nil {
		if !errors.Is(err, annot.ErrUnknown) {
			r.problem(0, err.Error())
		}
		return
	}
	for _, p := range r.players {
		a := &p.annotations
		if a.stream != nil && a.base == m.Base && a.name == message.StreamName() {
			a.stream.Take(message)
		}
	}
}

// setAnnotations begins to draw a stream's annotations, or none.
func (p *player) setAnnotations(m link.Message) {
	a := &p.annotations
	a.hold, a.own = m.Hold, m.Own
	if a.stream != nil && a.base == m.Base && a.name == m.Stream {
		return
	}
	*a = annotated{base: m.Base, name: m.Stream, hold: m.Hold, own: m.Own}
	if m.Stream != "" {
		a.stream = annotations.NewStream()
	}
}

// hold waits for the boxes of a frame that is being analysed.
func (p *player) hold(info frame.Info) {
	a := &p.annotations
	if a.stream != nil && a.hold && info.Key != frame.NoKey {
		a.stream.Wait(info.RTP)
	}
}

// draw finds the boxes of a frame that is about to be drawn.
func (p *player) draw(info frame.Info) {
	a := &p.annotations
	a.boxes = a.boxes[:0]
	if a.stream != nil && info.Key != frame.NoKey {
		a.boxes = a.stream.Draw(info.RTP, a.boxes)
	}
}

func (a *annotated) layOut(l *overlay.Layout) {
	for _, b := range a.boxes {
		color := relayColor
		if b.Origin == annot.Client {
			color = clientColor
		}
		l.Box(overlay.Box{Rect: shaders.Rect{b.X, b.Y, b.W, b.H}, Label: b.Label, Color: color, Predicted: b.Predicted})
	}
}

// labels are those of the boxes found on the frame drawn last, and how many predicted ones there were.
func (a *annotated) labels() ([]any, int) {
	labels, predicted := []any{}, 0
	for _, b := range a.boxes {
		if b.Predicted {
			predicted++
			continue
		}
		labels = append(labels, b.Label)
	}
	return labels, predicted
}

// report is what the page hears of annotations; nil without.
func (a *annotated) report() any {
	if a.stream == nil {
		return nil
	}
	c := a.stream.Counts()
	sources := []any{}
	for _, s := range a.stream.Sources() {
		sources = append(sources, s)
	}
	return map[string]any{
		"announced": c.Announced, "arrived": c.Arrived, "late": c.Late, "shown": c.Shown, "predicted": c.Predicted,
		"missed": c.Missed, "held": c.Held, "heldMs": float64(c.HeldFor) / float64(time.Millisecond), "sources": sources,
	}
}
