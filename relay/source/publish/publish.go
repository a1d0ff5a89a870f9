// Package publish holds the points that streams are published to: sources that
// wait until somebody sends. It sees to it that one publisher has a stream at a
// time, and knows neither how publishers come nor what they send.
package publish

import (
	"context"
	"errors"
	"sync"

	"sightline/relay/health"
	"sightline/relay/source"
)

// ErrBusy is what Publish returns while somebody else publishes.
var ErrBusy = errors.New("publish: somebody else publishes the stream")

// Feed delivers what a publisher sends until it ends or ctx does.
type Feed func(ctx context.Context, out source.Sink) error

// Point is one stream's place to publish to; it is the stream's source. Its
// methods may be called from any goroutine.
type Point struct {
	stream string
	offers chan offer

	mu   sync.Mutex
	busy bool
}

type offer struct {
	ctx  context.Context
	feed Feed
	done chan error
}

// NewPoint makes the point of a stream.
func NewPoint(stream string) *Point { return &Point{stream: stream, offers: make(chan offer)} }

// Publish runs feed as the stream's source, once the stream takes it: after a
// publisher has left that is a moment later. It returns what feed returns,
// ctx's error, or [ErrBusy].
func (p *Point) Publish(ctx context.Context, feed Feed) error {
	t, err := p.Reserve()
	if err != nil {
		return err
	}
	return t.Publish(ctx, feed)
}

// Turn is a publisher's right to publish. It is given back by Publish or Leave.
type Turn struct{ point *Point }

// Reserve takes the point for one publisher, or returns [ErrBusy].
func (p *Point) Reserve() (*Turn, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.busy {
		return nil, ErrBusy
	}
	p.busy = true
	return &Turn{p}, nil
}

// Leave gives an unused turn back.
func (t *Turn) Leave() {
	t.point.mu.Lock()
	t.point.busy = false
	t.point.mu.Unlock()
}

// Publish does as the point's Publish, and gives the turn back.
func (t *Turn) Publish(ctx context.Context, feed Feed) error {
	defer t.Leave()
	o := offer{ctx: ctx, feed: feed, done: make(chan error, 1)}
	select {
	case t.point.offers <- o:
	case <-ctx.Done():
		return ctx.Err()
	}
	return <-o.done // ctx ends the feed
}

// Run implements source.Source: it waits for a publisher and delivers what
// comes. When the publisher has gone it fails, to be tried again.
func (p *Point) Run(ctx context.Context, out source.Sink) error {
	out.Notice(p.nobody("Nobody publishes %s yet."))
	var o offer
	select {
	case o = <-p.offers:
	case <-ctx.Done():
		return ctx.Err()
	}
	feeding, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.ctx, cancel)()
	err := o.feed(feeding, out)
	o.done <- err
	switch f, ok := errors.AsType[*source.Failure](err); {
	case ctx.Err() != nil:
		return ctx.Err()
	case ok: // whoever publishes next may do better
		return source.Fail(source.Retry, f.Condition, f.Err)
	}
	return source.Fail(source.Retry, p.nobody("The publisher of %s has left."), err)
}

func (p *Point) nobody(format string) health.Condition {
	return health.New(health.SourceNoPublisher, format, p.stream)
}
