package api

import (
	"bytes"
	"compress/gzip"
	"io"
	"slices"
	"sync"

	"github.com/andybalholm/brotli"
)

// Bounds of what is compressed: a larger model is sent as it is, and the
// compressed ones that were not asked for for the longest time are forgotten.
const (
	packedLimit = 128 << 20
	packLargest = 64 << 20
)

// worth is the share of its size that compression must at least save: weights
// are mostly noise.
const worth = 0.02

// packer compresses models, one at a time, and remembers them.
type packer struct {
	// limit bounds the bytes that are remembered.
	limit int

	mu   sync.Mutex
	list []packed // last asked for last

	working sync.Mutex // taken before mu
}

// packed is a model in one encoding; data is nil where that saves too little.
type packed struct {
	checksum, encoding string
	data               []byte
}

// pack returns the model in an encoding, or nil where it is not worth it. One
// that many ask for at once is compressed once.
func (p *packer) pack(m Model, f io.ReadSeeker, encoding string) (*bytes.Reader, error) {
	if m.Bytes > packLargest {
		return nil, nil
	}
	e, ok := p.find(m.SHA256, encoding)
	if !ok {
		p.working.Lock()
		defer p.working.Unlock()
		if e, ok = p.find(m.SHA256, encoding); !ok {
			data, err := compress(f, m.Bytes, encoding)
			if err != nil {
				return nil, err
			}
			e = packed{m.SHA256, encoding, data}
			p.remember(e)
		}
	}
	if e.data == nil {
		return nil, nil
	}
	return bytes.NewReader(e.data), nil
}

// find returns an entry and puts it last.
func (p *packer) find(checksum, encoding string) (packed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range p.list {
		if e.checksum == checksum && e.encoding == encoding {
			p.list = append(slices.Delete(p.list, i, i+1), e)
			return e, true
		}
	}
	return packed{}, false
}

// remember adds an entry and forgets the oldest ones beyond the limit.
func (p *packer) remember(e packed) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, e)
	total := 0
	for i := len(p.list) - 1; i >= 0; i-- {
		if total += len(p.list[i].data) + 1<<10; total > p.limit {
			p.list = slices.Delete(p.list, 0, i+1)
			return
		}
	}
}

func compress(f io.ReadSeeker, size int64, encoding string) ([]byte, error) {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	var w io.WriteCloser
	if encoding == "br" {
		// Higher levels take many times as long and save next to nothing of weights.
		w = brotli.NewWriterLevel(&out, 5)
	} else {
		w = gzip.NewWriter(&out)
	}
	if _, err := io.Copy(w, f); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	if float64(out.Len()) > (1-worth)*float64(size) {
		return nil, nil
	}
	return bytes.Clone(out.Bytes()), nil
}
