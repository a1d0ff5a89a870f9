package gb28181

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"
)

// Channel is one entry of a device's catalog: a camera, or a node of the tree.
type Channel struct {
	ID string `json:"id"`
	// Name is as the device gives it.
	Name         string `json:"name"`
	Manufacturer string `json:"manufacturer,omitempty"`
	Model        string `json:"model,omitempty"`
	Address      string `json:"address,omitempty"`
	CivilCode    string `json:"civil_code,omitempty"`
	// Parent is the number of the node above; the device's own at the top.
	Parent string `json:"parent,omitempty"`
	// Status is what the device says: ON, OFF and others.
	Status string `json:"status,omitempty"`
	// Camera says that the entry can be watched: it is no group or region.
	Camera bool `json:"camera"`
}

// catalog is what a device has told of its channels. Parts come in any order.
type catalog struct {
	sn       int // of the newest question
	asked    time.Time
	part     time.Time // when the newest part came
	tries    int
	sum      int
	pending  map[string]Channel // of the question under way
	channels map[string]Channel // of the newest answer
	done     time.Time          // when the newest answer was complete
	short    int                // entries that never came
}

const (
	maxChannels  = 100000
	catalogQuiet = 10 * time.Second // without a part the answer counts as ended
	catalogTries = 3
)

// startCatalog asks a device for its channels; the lock is held.
func (s *Server) startCatalog(d *device, now time.Time) {
	d.catalog.tries = 0
	s.askCatalog(d, now)
}

func (s *Server) askCatalog(d *device, now time.Time) {
	s.sn++
	c := &d.catalog
	c.sn, c.asked, c.part, c.sum = s.sn, now, now, 0
	c.pending = map[string]Channel{}
	c.tries++
	p, sn := d.peer(), c.sn
	ctx := s.ctx
	if ctx == nil || ctx.Err() != nil {
		return
	}
	s.work.Go(func() {
		select {
		case s.asking <- struct{}{}:
		case <-ctx.Done():
			return
		}
		defer func() { <-s.asking }()
		s.questions(ctx, p, sn)
	})
}

func (s *Server) questions(ctx context.Context, p peer, sn int) {
	for _, q := range []string{"Catalog", "DeviceInfo"} {
		body := fmt.Sprintf("<?xml version=\"1.0\" encoding=\"GB2312\"?>\r\n<Query>\r\n<CmdType>%s</CmdType>\r\n<SN>%d</SN>\r\n<DeviceID>%s</DeviceID>\r\n</Query>\r\n", q, sn, p.id)
		if err := s.ask(ctx, p, body); err != nil {
			s.log.Debug("device does not take a question", "device", p.id, "question", q, "err", err)
			return
		}
	}
}

// onCatalog takes a part of the answer.
func (s *Server) onCatalog(id string, doc *node) {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.devices[id]
	if d == nil {
		return
	}
	c := &d.catalog
	if sn := doc.number("SN", c.sn); sn != c.sn {
		return // of a question that has been given up
	}
	c.part = now
	into, late := c.pending, c.pending == nil
	if late {
		// Parts beyond SumNum: some devices write the number of the part's own.
		if into = c.channels; into == nil {
			return
		}
	}
	before := len(into)
	c.sum = max(c.sum, min(doc.number("SumNum", 0), maxChannels))
	if list := doc.child("DeviceList"); list != nil {
		for _, item := range list.children {
			if ch, ok := channelOf(item, id); ok && len(into) < maxChannels {
				into[ch.ID] = ch
			}
		}
	}
	switch {
	case late && len(into) > before:
		c.short = max(0, c.sum-len(into))
		s.poke()
	case !late && len(into) >= c.sum:
		s.finishCatalog(d, now)
	}
}

// channelOf reads an Item.
func channelOf(item *node, device string) (Channel, bool) {
	id := item.get("DeviceID")
	if !strings.EqualFold(item.name, "Item") || !validID(id) {
		return Channel{}, false
	}
	parent := item.get("ParentID")
	if i := strings.LastIndexByte(parent, '/'); i >= 0 {
		parent = parent[i+1:] // the nearest of several
	}
	if parent == "" || parent == id || !validID(parent) {
		parent = device
	}
	return Channel{ID: id, Name: clip(item.get("Name"), 128), Manufacturer: clip(item.get("Manufacturer"), 64),
		Model: clip(item.get("Model"), 64), Address: clip(item.get("Address"), 128), CivilCode: clip(item.get("CivilCode"), 16),
		Parent: parent, Status: clip(item.get("Status"), 16), Camera: isCamera(id, item)}, true
}

// isCamera tells what can be watched from regions, groups and platforms, by the
// type digits of the number (annex E).
func isCamera(id string, item *node) bool {
	if len(id) < 20 || item.get("Parental") == "1" && strings.HasPrefix(id[10:13], "2") {
		return len(id) > 8 && len(id) < 20
	}
	switch kind := id[10:13]; kind {
	case "200", "215", "216", "134", "136", "137":
		return false
	case "111", "112", "113", "114", "115", "116", "117", "118":
		return item.get("Parental") != "1"
	}
	return true
}

func (s *Server) finishCatalog(d *device, now time.Time) {
	c := &d.catalog
	c.channels, c.pending = c.pending, nil
	c.done, c.short = now, max(0, c.sum-len(c.channels))
	s.log.Info("catalog of a device", "device", d.id, "channels", len(c.channels), "missing", c.short)
	s.poke()
}

// settleCatalog asks again for an answer that has stopped in its middle, and
// takes what there is in the end; the lock is held.
func (s *Server) settleCatalog(d *device, now time.Time) {
	c := &d.catalog
	if c.pending == nil || now.Sub(c.part) < catalogQuiet {
		return
	}
	if c.tries < catalogTries {
		if len(c.pending) > len(c.channels) {
			c.channels, c.short = c.pending, max(0, c.sum-len(c.pending))
		}
		s.askCatalog(d, now)
		return
	}
	if len(c.pending) == 0 && len(c.channels) > 0 {
		c.pending = nil
		return
	}
	s.finishCatalog(d, now)
}

// sorted gives the channels by their numbers.
func (c *catalog) sorted() []Channel {
	out := make([]Channel, 0, len(c.channels))
	for _, ch := range c.channels {
		out = append(out, ch)
	}
	sort.Slice(out, func(i, j int) bool { return out[i].ID < out[j].ID })
	return out
}
