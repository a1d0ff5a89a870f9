package api

import "testing"

// A queue that is full loses pictures first, events last, and counts both.
func TestQueue(t *testing.T) {
	q := newWSQueue()
	for i := range queueMessages {
		q.put(wsItem{stream: "gate", seq: uint64(i), event: i%2 == 0, data: []byte("x")})
	}
	for i := range queueMessages {
		q.put(wsItem{stream: "yard", seq: uint64(1000 + i), event: true, data: []byte("x")})
	}
	items, lost := q.take()
	if len(items) != queueMessages || lost["gate"] != (lostCount{queueMessages / 2, queueMessages / 2}) || len(lost) != 1 {
		t.Errorf("%d left, lost %v", len(items), lost)
	}
	for i, it := range items {
		if it.stream != "yard" || it.seq != uint64(1000+i) {
			t.Fatalf("item %d is %+v", i, it)
		}
	}
	if _, again := q.take(); len(again) != 0 || q.dropped() != (lostCount{queueMessages / 2, queueMessages / 2}) {
		t.Errorf("counted twice: %v, %v", again, q.dropped())
	}
	q.put(wsItem{data: make([]byte, queueBytes)}, wsItem{event: true, data: []byte("y")})
	if items, _ := q.take(); len(items) != 1 || !items[0].event {
		t.Errorf("%d items", len(items))
	}
}
