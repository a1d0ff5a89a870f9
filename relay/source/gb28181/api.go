package gb28181

import (
	"encoding/json"
	"net/http"
	"sort"
	"strings"
	"time"

	"sightline/relay/health"
)

// Device is a device as the API shows it.
type Device struct {
	ID     string `json:"id"`
	Online bool   `json:"online"`
	// Network is how it signs in: udp or tcp.
	Network string `json:"network,omitempty"`
	// Address is where it was last seen, host:port.
	Address string `json:"address,omitempty"`
	// Version is the edition it says to keep: 1.0, 1.1, 2.0, 3.0 are 2011,
	// the supplement, 2016 and 2022; empty for most.
	Version      string    `json:"version,omitempty"`
	Name         string    `json:"name,omitempty"`
	Manufacturer string    `json:"manufacturer,omitempty"`
	Model        string    `json:"model,omitempty"`
	Firmware     string    `json:"firmware,omitempty"`
	Agent        string    `json:"user_agent,omitempty"`
	Registered   time.Time `json:"registered,omitzero"`
	Seen         time.Time `json:"seen,omitzero"`
	// Channels is the number of entries in the catalog; Missing is how many
	// the device has announced and not sent.
	Channels int `json:"channels"`
	Missing  int `json:"channels_missing,omitempty"`
	// Cataloged is when the catalog was complete.
	Cataloged time.Time `json:"cataloged,omitzero"`
	// Refused says why its newest registration failed.
	Refused string `json:"refused,omitempty"`
	// Tree are the catalog's entries; each names its parent. Only one device's
	// answer has them.
	Tree []Channel `json:"tree,omitempty"`
}

func (d *device) info() Device {
	return Device{ID: d.id, Online: d.online, Network: strings.ToLower(d.network), Address: d.addr, Version: d.version,
		Name: d.name, Manufacturer: d.manufacturer, Model: d.model, Firmware: d.firmware, Agent: d.agent,
		Registered: d.registered.UTC(), Seen: d.seen.UTC(), Channels: len(d.catalog.channels), Missing: d.catalog.short,
		Cataloged: d.catalog.done.UTC()}
}

// Devices lists the devices by their numbers, those that were refused among
// them.
func (s *Server) Devices() []Device {
	s.mu.Lock()
	out := make([]Device, 0, len(s.devices))
	for _, d := range s.devices {
		out = append(out, d.info())
	}
	for id, r := range s.refused {
		if s.devices[id] == nil {
			out = append(out, Device{ID: id, Address: r.addr, Seen: r.at.UTC(), Refused: r.reason})
		}
	}
	s.mu.Unlock()
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}

// Device gives one device with its tree.
func (s *Server) Device(id string) (Device, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[id]
	if d == nil {
		return Device{}, false
	}
	info := d.info()
	info.Tree = d.catalog.sorted()
	return info, true
}

// HasChannel says whether a device has told of a channel that can be watched.
func (s *Server) HasChannel(device, channel string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[device]
	return d != nil && d.catalog.channels[channel].Camera
}

// Refresh asks a device for its catalog again; it reports false where the
// device is not online.
func (s *Server) Refresh(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[id]
	if d == nil || !d.online {
		return false
	}
	if d.catalog.pending == nil {
		s.startCatalog(d, time.Now())
	}
	return true
}

// Problem answers a request with a condition (RFC 9457).
type Problem func(w http.ResponseWriter, r *http.Request, status int, c health.Condition)

// Routes adds the API of the devices.
func (s *Server) Routes(problem Problem) func(mux *http.ServeMux) {
	unknown := func(w http.ResponseWriter, r *http.Request) {
		problem(w, r, http.StatusNotFound, health.New(health.RequestInvalid, "No device %q has registered.", clip(r.PathValue("device"), 64)).
			WithFix("GET /api/v1/gb28181/devices lists the devices."))
	}
	return func(mux *http.ServeMux) {
		mux.HandleFunc("GET /api/v1/gb28181/devices", func(w http.ResponseWriter, _ *http.Request) {
			writeJSON(w, http.StatusOK, map[string]any{"platform": map[string]string{"id": s.cfg.ID, "realm": s.cfg.Realm, "listen": s.cfg.Listen.String()},
				"devices": s.Devices()})
		})
		mux.HandleFunc("GET /api/v1/gb28181/devices/{device}", func(w http.ResponseWriter, r *http.Request) {
			d, ok := s.Device(r.PathValue("device"))
			if !ok {
				unknown(w, r)
				return
			}
			writeJSON(w, http.StatusOK, d)
		})
		mux.HandleFunc("POST /api/v1/gb28181/devices/{device}/catalog", func(w http.ResponseWriter, r *http.Request) {
			if !s.Refresh(r.PathValue("device")) {
				unknown(w, r)
				return
			}
			w.WriteHeader(http.StatusAccepted)
		})
	}
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
