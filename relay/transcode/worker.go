package transcode

import (
	"errors"
	"fmt"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// queueUnits is how many pictures may wait for the worker. A processor that
// cannot keep up loses to the next key frame: late pictures help nobody.
const queueUnits = 24

// worker decodes and encodes in a goroutine of its own: whoever reads a camera
// must not be kept from reading.
type worker struct {
	sink  *sink
	track media.Track
	after int64 // pictures up to this PTS have been shown; set before the first
	queue chan media.AccessUnit
	done  chan struct{}

	// Of the source's goroutine.
	waiting  bool // for a key frame: pictures before it are missing
	warnedAt time.Time

	// Of the worker's.
	decoder *astiav.CodecContext
	frame   *astiav.Frame
	packet  *astiav.Packet
	encoder *encoder
	times   map[int64]times // of the pictures in the decoder, by PTS
	newest  int64           // PTS encoded last
	began   bool
	failed  error
}

type times struct{ captured, received time.Time }

const never = -1 << 63

// newWorker starts a worker; stop ends it.
func newWorker(s *sink) *worker {
	w := &worker{sink: s, track: s.track, after: never, queue: make(chan media.AccessUnit, queueUnits),
		done: make(chan struct{}), waiting: true, times: map[int64]times{}}
	go w.run()
	return w
}

func (w *worker) stop() {
	close(w.queue)
	<-w.done
}

// take gives the worker a picture. Damaged ones, and those that refer to them,
// are left out: the last good picture stands meanwhile.
func (w *worker) take(au media.AccessUnit) {
	if au.Damaged || w.waiting && !au.Key {
		w.waiting = true
		return
	}
	select {
	case w.queue <- au:
		w.waiting = false
	default:
		w.waiting = true
		if time.Since(w.warnedAt) > time.Minute {
			w.warnedAt = time.Now()
			w.sink.Notice(health.New(health.TranscodeOverloaded, "%s cannot be transcoded as fast as it comes; pictures are left out.", w.sink.stream))
		}
	}
}

func (w *worker) run() {
	defer close(w.done)
	w.frame, w.packet = astiav.AllocFrame(), astiav.AllocPacket()
	defer func() {
		w.closeDecoder()
		if w.encoder != nil {
			w.encoder.close()
		}
		w.frame.Free()
		w.packet.Free()
	}()
	for au := range w.queue {
		if err := w.decode(au); err != nil {
			w.fail(err)
		}
	}
	if w.decoder != nil && w.decoder.SendPacket(nil) == nil { // the last pictures
		if err := w.receive(); err != nil {
			w.fail(err)
		}
	}
}

// fail says once that it does not work.
func (w *worker) fail(err error) {
	if w.failed != nil && w.failed.Error() == err.Error() {
		return
	}
	w.failed = err
	w.sink.log.Warn("transcoding", "stream", w.sink.stream, "err", err)
	c := health.New(health.TranscodeFailed, "%s cannot be transcoded: %v.", w.sink.stream, err)
	w.sink.Notice(c)
}

func (w *worker) closeDecoder() {
	if w.decoder != nil {
		w.decoder.Free()
		w.decoder = nil
	}
}

// decode takes one picture and encodes those that are ready to be shown.
func (w *worker) decode(au media.AccessUnit) error {
	if w.decoder == nil {
		d, err := openDecoder(w.track.Codec)
		if err != nil {
			return err
		}
		w.decoder = d
	}
	if err := w.packet.FromData(bitstream(w.track.Codec, au.NALUs)); err != nil {
		return fmt.Errorf("packet: %w", err)
	}
	w.packet.SetPts(au.PTS)
	w.packet.SetDts(astiav.NoPtsValue)
	if au.HasDTS {
		w.packet.SetDts(au.DTS)
	}
	if len(w.times) > 64 { // pictures that the decoder never gave out
		clear(w.times)
	}
	w.times[au.PTS] = times{au.Captured, au.Received}
	err := w.decoder.SendPacket(w.packet)
	w.packet.Unref()
	if err != nil && !errors.Is(err, astiav.ErrEagain) {
		return nil // a picture that cannot be decoded is left out
	}
	return w.receive()
}

// receive encodes the frames that the decoder has ready.
func (w *worker) receive() error {
	for {
		err := w.decoder.ReceiveFrame(w.frame)
		if errors.Is(err, astiav.ErrEagain) || errors.Is(err, astiav.ErrEof) {
			return nil
		}
		if err != nil {
			return nil
		}
		err = w.encode()
		w.frame.Unref()
		if err != nil {
			return err
		}
	}
}

// encode codes the frame, unless it was shown.
func (w *worker) encode() error {
	pts := w.frame.Pts()
	if pts == astiav.NoPtsValue || pts <= w.after || w.began && pts <= w.newest || w.frame.Flags().Has(astiav.FrameFlagCorrupt) {
		return nil
	}
	w.newest, w.began = pts, true
	if w.encoder == nil || !w.encoder.fits(w.frame) {
		if w.encoder != nil {
			w.encoder.close()
		}
		e, err := newEncoder(w.frame)
		if err != nil {
			w.encoder = nil
			return err
		}
		w.encoder = e
		w.sink.log.Info("transcoder opened", "stream", w.sink.stream, "decoder", w.track.Codec, "encoder", e.name,
			"width", e.width, "height", e.height)
		w.announce(e)
	}
	units, err := w.encoder.encode(w.frame)
	if err != nil {
		return err
	}
	for _, u := range units {
		t := w.times[u.PTS]
		delete(w.times, u.PTS)
		u.Captured, u.Received = t.captured, time.Now()
		w.sink.with(func(out source.Sink) { out.AccessUnit(u) })
	}
	return nil
}

// announce tells the stream what it gets.
func (w *worker) announce(e *encoder) {
	t := media.Track{Codec: media.H264, Width: e.width, Height: e.height, FrameRate: w.track.FrameRate, Transport: w.track.Transport}
	w.sink.with(func(out source.Sink) { out.Track(t) })
}

// bitstream is a picture as decoders take it.
func bitstream(codec media.Codec, nalus [][]byte) []byte {
	n := 0
	for _, u := range nalus {
		n += 4 + len(u)
	}
	out := make([]byte, 0, n)
	for _, u := range nalus {
		if codec == media.H264 || codec == media.H265 {
			out = append(out, 0, 0, 0, 1)
		}
		out = append(out, u...)
	}
	return out
}
