package api

import (
	"slices"
	"strconv"
	"sync"

	"sightline/vision/annot"
)

// Bounds of one client's queue and of one stream's history.
const (
	queueMessages = 512
	queueBytes    = 1 << 20
	// historyPictures is how many messages about pictures are kept for
	// clients that come back, historyEvents how many others.
	historyPictures = 128
	historyEvents   = 256
	historyBytes    = 1 << 20
)

// wsItem is one encoded message on its way to clients.
type wsItem struct {
	stream string
	seq    uint64
	event  bool // is never dropped while something about a picture can be
	data   []byte
}

// answer is a message for one client alone, which is no part of any stream.
func answer(v any) wsItem { return wsItem{event: true, data: encodeWS(v)} }

// isEvent says whether a message may not get lost silently: what happened, as
// opposed to what is seen on one picture.
func isEvent(m annot.Message) bool {
	switch m.(type) {
	case annot.Analysing, annot.Detections:
		return false
	}
	return true
}

// history is the newest messages of one stream.
type history struct {
	epoch uint32
	seq   uint64 // of the newest message
	items []wsItem
	bytes int
	// trimmed is the number of the newest event that is not held any more.
	trimmed uint64
}

// add numbers a message and keeps it.
func (h *history) add(m annot.Message, epoch uint32) wsItem {
	if epoch != h.epoch {
		h.items, h.bytes, h.trimmed = nil, 0, 0
		h.epoch = epoch
	}
	h.seq++
	body := annot.Append(nil, m)
	data := append(strconv.AppendUint([]byte(`{"seq":`), h.seq, 10), ',')
	data = append(data, body[1:]...)
	it := wsItem{stream: m.StreamName(), seq: h.seq, event: isEvent(m), data: data}
	h.items = append(h.items, it)
	h.bytes += len(data)
	h.trim()
	return it
}

func (h *history) trim() {
	events := 0
	for _, it := range h.items {
		if it.event {
			events++
		}
	}
	pictures := len(h.items) - events
	for pictures > historyPictures || (h.bytes > historyBytes && pictures > 0) {
		h.drop(false)
		pictures--
	}
	for events > historyEvents || h.bytes > historyBytes {
		h.drop(true)
		events--
	}
}

// drop removes the oldest item that is an event, or that is none.
func (h *history) drop(event bool) {
	for i, it := range h.items {
		if it.event != event {
			continue
		}
		if event {
			h.trimmed = it.seq
		}
		h.bytes -= len(it.data)
		h.items = append(h.items[:i], h.items[i+1:]...)
		return
	}
}

// since returns what came after a message that a client has, and how much of
// it that is: "all" of the events at least, "part", or "none".
func (h *history) since(s Subscription) ([]wsItem, string) {
	if s.Seq == nil || s.Epoch != h.epoch || *s.Seq > h.seq {
		return nil, "none"
	}
	resumed := "all"
	if h.trimmed > *s.Seq {
		resumed = "part"
	}
	var out []wsItem
	for _, it := range h.items {
		if it.seq > *s.Seq {
			out = append(out, it)
		}
	}
	return out, resumed
}

// lostCount is what a client was too slow for.
type lostCount struct{ detections, events uint64 }

// wsQueue is what waits for one client. Put never waits: where there is no
// room the oldest message about a picture goes, then the oldest event, both
// counted; answers to the client itself go last.
type wsQueue struct {
	mu    sync.Mutex
	items []wsItem
	bytes int
	lost  map[string]lostCount
	total lostCount
	wake  chan struct{}
}

func newWSQueue() *wsQueue {
	return &wsQueue{lost: map[string]lostCount{}, wake: make(chan struct{}, 1)}
}

func (q *wsQueue) put(items ...wsItem) {
	q.mu.Lock()
	for _, it := range items {
		q.items = append(q.items, it)
		q.bytes += len(it.data)
		for len(q.items) > queueMessages || q.bytes > queueBytes {
			q.dropOne()
		}
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

func (q *wsQueue) dropOne() {
	at := slices.IndexFunc(q.items, func(it wsItem) bool { return !it.event })
	if at < 0 {
		at = max(0, slices.IndexFunc(q.items, func(it wsItem) bool { return it.stream != "" }))
	}
	it := q.items[at]
	q.items = append(q.items[:at], q.items[at+1:]...)
	q.bytes -= len(it.data)
	n := q.lost[it.stream]
	if it.event {
		n.events++
		q.total.events++
	} else {
		n.detections++
		q.total.detections++
	}
	q.lost[it.stream] = n
}

// take empties the queue.
func (q *wsQueue) take() ([]wsItem, map[string]lostCount) {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items, q.bytes = nil, 0
	if len(q.lost) == 0 {
		return items, nil
	}
	lost := q.lost
	q.lost = map[string]lostCount{}
	return items, lost
}

func (q *wsQueue) dropped() lostCount {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.total
}
