package annot

import "slices"

// The kinds of events that detectors report, see [Event].Event. A light that is
// switched and a step of the exposure only occur, the others begin and end.
const (
	EventObject       = "object" // began when one entered the picture, ended when it left
	EventMotion       = "motion"
	EventLightOn      = "light-on"
	EventLightOff     = "light-off"
	EventExposureStep = "exposure-step"
	EventGlare        = "glare"
	EventFlicker      = "flicker"
	EventLensCovered  = "lens-covered"
	EventDefocused    = "defocused"
	EventCameraMoved  = "camera-moved"
	EventSceneChanged = "scene-changed"
)

// EventKinds lists the kinds. testdata/kinds.txt holds the same, for the page
// that puts them into words.
func EventKinds() []string {
	return []string{EventObject, EventMotion, EventLightOn, EventLightOff, EventExposureStep, EventGlare, EventFlicker,
		EventLensCovered, EventDefocused, EventCameraMoved, EventSceneChanged}
}

// OtherEvent stands for kinds that are not in [EventKinds] where their number
// must stay bounded.
const OtherEvent = "other"

// KnownEvent is the kind itself when it is one of [EventKinds], else
// [OtherEvent].
func KnownEvent(kind string) string {
	if slices.Contains(EventKinds(), kind) {
		return kind
	}
	return OtherEvent
}
