// Package ffmpeg is the source for everything that FFmpeg can demux: video
// files, played in a loop in real time, and network addresses that no package
// of our own speaks. It relays H.264 as it is and decodes nothing.
//
// It owns the way from an address to access units, the sorting of FFmpeg's
// errors, and FFmpeg's log (see [LogTo]). It knows no hub and no viewer.
package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// Source plays a file or reads a network address.
type Source struct {
	// Path is a file's path; the container is found by content (MP4, MKV, AVI,
	// FLV, MPEG-TS and others). Exactly one of Path and URL is set.
	Path string
	// URL is a network address, which may hold credentials.
	URL string
	// Once plays a file once; otherwise it is played again and again, its
	// timestamps going on.
	Once bool
	// Logger takes the log. Default slog.Default().
	Logger *slog.Logger
}

// Run plays until ctx ends, the file has ended (with Once) or it fails. Files
// and recordings are paced by their timestamps, live addresses are not.
func (s *Source) Run(ctx context.Context, out source.Sink) error {
	if s.Path != "" {
		if err := checkFile(s.Path); err != nil {
			return err
		}
		if err := s.scan(ctx); err != nil {
			return err
		}
	}
	p := &player{out: out, log: s.logger()}
	for {
		units := p.units
		err := s.pass(ctx, p)
		switch {
		case err != nil:
			return err
		case s.Path == "":
			return source.Fail(source.Retry, health.New(health.SourceEnded,
				"%s has ended", Redact(s.URL)).WithFix("Start the camera's stream again; the relay reconnects by itself."), nil)
		case p.units == units:
			return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia,
				"%s holds no picture that decoding can start with", s.Path), nil)
		case s.Once:
			p.report()
			return nil
		}
		p.loop()
	}
}

func (s *Source) logger() *slog.Logger {
	if s.Logger == nil {
		return slog.Default()
	}
	return s.Logger
}

// scanUnits is how many pictures of a file are looked at before it is shown.
const scanUnits = 250

// scan looks for B-frames in a file before anything of it is shown.
func (s *Source) scan(ctx context.Context) error {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer in.close()
	for range scanUnits {
		u, err := in.next()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return s.sorted(ctx, err)
		}
		if media.HasBSlice(u.nalus) {
			return s.bFrames()
		}
	}
	return nil
}

// pass plays the input from its start to its end.
func (s *Source) pass(ctx context.Context, p *player) error {
	in, err := s.open(ctx)
	if err != nil {
		return err
	}
	defer in.close()
	p.begin(in)
	for {
		u, err := in.next()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return s.sorted(ctx, err)
		}
		if media.HasBSlice(u.nalus) {
			return s.bFrames()
		}
		if err := p.play(ctx, u); err != nil {
			return err
		}
	}
}

func (s *Source) bFrames() error {
	c := health.New(health.SourceBFrames, "%s has B-frames, which browsers cannot show over WebRTC", s.name())
	c.Severity = health.Error // nothing of it is shown
	if s.Path != "" {
		c = c.WithFix("Encode the file again without them: ffmpeg -i %q -c:v libx264 -bf 0 -an out.mp4", s.Path)
	}
	return source.Fail(source.NeedsPerson, c, nil)
}

// name is the input's name for people, without secrets.
func (s *Source) name() string {
	if s.Path != "" {
		return s.Path
	}
	return Redact(s.URL)
}

// checkFile says in words why a file cannot be played, before FFmpeg says it
// in a number.
func checkFile(path string) error {
	info, err := os.Stat(path)
	if err == nil && !info.Mode().IsRegular() {
		what := "no regular file"
		if info.IsDir() {
			what = "a folder"
		}
		return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia, "%s is %s", path, what), nil)
	}
	if err == nil {
		var f *os.File
		if f, err = os.Open(path); err == nil {
			return f.Close()
		}
	}
	reason := "cannot be read"
	switch {
	case errors.Is(err, os.ErrNotExist):
		reason = "does not exist"
	case errors.Is(err, os.ErrPermission):
		reason = "may not be read by this user"
	}
	return source.Fail(source.NeedsPerson, health.New(health.SourceFileMissing, "%s %s", path, reason), err)
}

// player delivers units on one timeline over all passes.
type player struct {
	out source.Sink
	log *slog.Logger

	track  *media.Track // announced last
	sets   media.ParameterSets
	paced  bool
	synced bool // a key frame has come in this pass

	units  int64 // delivered in all
	offset int64 // from the input's time to the timeline
	last   int64 // PTS delivered last
	step   int64 // distance of two pictures

	start    time.Time // when the picture at startPTS was due
	startPTS int64
	anchored bool

	counts   media.Counts
	reported time.Time
}

// maxJump is the longest gap in a file's timestamps that is played as a pause.
const maxJump = 10 * media.ClockRate

// maxLate is how far playing may fall behind before the lost time is left out.
const maxLate = time.Second

// begin prepares for a pass of in.
func (p *player) begin(in *input) {
	p.paced = in.paced
	p.synced = false
	p.sets.Learn(in.sps, in.pps)
	if in.track.FrameRate > 0 {
		p.step = int64(media.ClockRate/in.track.FrameRate + 0.5)
	} else if p.step == 0 {
		p.step = media.ClockRate / 25
	}
	if p.track == nil || p.track.Width != in.track.Width || p.track.Height != in.track.Height ||
		string(p.track.SPS) != string(in.track.SPS) || string(p.track.PPS) != string(in.track.PPS) {
		t := in.track
		p.track = &t
		p.out.Track(t)
	}
	if p.reported.IsZero() {
		p.reported = time.Now()
	}
}

// loop ends a pass: the next one's first picture follows the last one.
func (p *player) loop() { p.synced = false }

// play waits until the unit is due and delivers it. Units before the first key
// frame are left out.
func (p *player) play(ctx context.Context, u unit) error {
	p.counts.Packets++
	p.counts.Bytes += uint64(u.size)
	key := media.IsKey(u.nalus)
	if !p.synced {
		if !key {
			return nil
		}
		p.synced = true
		if p.units > 0 { // a later pass
			p.offset = p.last + p.step - p.time(u, 0)
		}
	}
	pts := p.time(u, p.offset)
	if d := pts - p.last; p.units > 0 && (d <= 0 || d > maxJump) {
		p.log.Debug("timestamps jump in the input, repaired", "ticks", d)
		p.offset += p.last + p.step - pts
		pts = p.last + p.step
	}
	if p.paced {
		if err := p.wait(ctx, pts); err != nil {
			return err
		}
	}
	au := media.AccessUnit{PTS: pts, Key: key, NALUs: u.nalus, Received: time.Now()}
	if _, decodable := p.sets.Apply(&au); key && !decodable {
		p.synced = false // no parameter sets: nothing can be decoded yet
		return nil
	}
	p.out.AccessUnit(au)
	p.units++
	p.last = pts
	if time.Since(p.reported) >= time.Second/2 {
		p.report()
	}
	return ctx.Err()
}

// time is the unit's time on the timeline; one without a time follows the last.
func (p *player) time(u unit, offset int64) int64 {
	if u.timed {
		return u.pts + offset
	}
	if p.units == 0 {
		return 0
	}
	return p.last + p.step
}

// wait pauses until pts is due. After a stall the clock is set anew, so that
// the file goes on where it stood instead of hurrying after.
func (p *player) wait(ctx context.Context, pts int64) error {
	if !p.anchored {
		p.anchored, p.start, p.startPTS = true, time.Now(), pts
	}
	ticks := pts - p.startPTS
	due := time.Duration(ticks/media.ClockRate)*time.Second + time.Duration(ticks%media.ClockRate)*time.Second/media.ClockRate
	pause := due - time.Since(p.start)
	if pause < -maxLate {
		p.start, p.startPTS = time.Now(), pts
	}
	if pause <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(pause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func (p *player) report() {
	p.out.Count(p.counts)
	p.counts, p.reported = media.Counts{}, time.Now()
}

var errEnd = errors.New("ffmpeg: end of input")

// sorted gives an error of reading its class and condition.
func (s *Source) sorted(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if _, ok := errors.AsType[*source.Failure](err); ok {
		return err
	}
	if s.Path != "" {
		return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia,
			"%s cannot be read further: %v", s.Path, err), fmt.Errorf("ffmpeg: %s: %w", s.Path, err))
	}
	return sortNetwork(Redact(s.URL), err)
}
