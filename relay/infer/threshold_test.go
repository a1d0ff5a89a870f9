package infer

import (
	"testing"

	"sightline/vision/card"
)

// A stream's threshold stands for the model's, and what may carry on a known
// object never scores less than the model says nor more than the threshold.
func TestThresholdOfAStream(t *testing.T) {
	model := &model{card: card.Card{Classes: []string{"a"}, Thresholds: card.Thresholds{Score: 0.5, Low: 0.2, IoU: 0.4, Limit: 7}}}
	for threshold, want := range map[float32]card.Thresholds{
		0:   {Score: 0.5, Low: 0.2, IoU: 0.4, Limit: 7},
		0.8: {Score: 0.8, Low: 0.2, IoU: 0.4, Limit: 7},
		0.1: {Score: 0.1, Low: 0.1, IoU: 0.4, Limit: 7},
	} {
		a := &analyser{Analysis: Analysis{Threshold: threshold}, model: model}
		if a.prepare(); a.thresholds != want {
			t.Errorf("threshold %g: %+v", threshold, a.thresholds)
		}
	}
}
