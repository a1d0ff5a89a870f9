package api

import (
	"net/http"

	"sightline/relay/health"
	"sightline/relay/hub"
	"sightline/relay/quality"
)

// Drops says what the streams have lost, and where.
type Drops interface {
	// Report accounts for all streams now, in the order to show.
	Report() quality.Report
}

// streamView is a stream with what is detected in it and its account.
type streamView struct {
	hub.Info
	Analysis *Analysis        `json:"analysis,omitempty"`
	Loss     *quality.Account `json:"loss,omitempty"`
}

// drops answers GET /api/v1/drops, of one stream with ?stream=NAME.
func (s *server) drops(w http.ResponseWriter, r *http.Request) {
	report := quality.Report{}
	if s.Drops != nil {
		report = s.Drops.Report()
	}
	report.Streams = list(report.Streams)
	if q := r.URL.Query(); q.Has("stream") {
		name := q.Get("stream")
		one := []quality.StreamLoss{}
		for _, l := range report.Streams {
			if l.Stream == name {
				one = append(one, l)
			}
		}
		if len(one) == 0 {
			Problem(w, r, http.StatusNotFound, health.New(health.StreamUnknown, "There is no stream %q.", clip(name)))
			return
		}
		report.Streams = one
	}
	writeJSON(w, http.StatusOK, report)
}

// accounts are the streams' accounts by name.
func (s *server) accounts() map[string]*quality.Account {
	if s.Drops == nil {
		return nil
	}
	out := map[string]*quality.Account{}
	for _, l := range s.Drops.Report().Streams {
		out[l.Stream] = &l.Account
	}
	return out
}
