package ffmpeg

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/source"
)

// pace says how fast an input is played.
type pace int

const (
	// asItComes: a live stream; what comes in a burst (a server's cache) is past
	// and not to be delayed.
	asItComes pace = iota
	// inRealTime: a recording, which comes as fast as it is read.
	inRealTime
	// noFaster: a live stream that comes from whoever likes to send: a file that
	// is sent in one go is slowed down by not reading it.
	noFaster
)

// silence is how long a network address may send nothing, and how long opening
// may take.
func (s *Source) silence() time.Duration {
	if s.patience > 0 {
		return s.patience
	}
	return 10 * time.Second
}

// containers are the demuxers that a file may choose; playlists and scripts,
// which can name other files, are not among them.
const containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,h264,hevc,m4v," +
	"mpegvideo,mjpeg,mxf,asf,nut,ogg,ivf,obu,rm,wav,mp3,aac,flac,gif,swf,dv,wtv"

// networkProtocols are what an address may use, also by redirection and in
// playlists; never a local file.
const networkProtocols = "http,https,httpproxy,tls,tcp,udp,rtp,srtp,rtmp,rtmps,rtmpt,rtmpts,rtmpe,srt,crypto"

// networkContainers are the demuxers that a network address may choose.
const networkContainers = containers + ",hls,applehttp,mpjpeg,rtsp,sdp,rtp"

// way is how one kind of source is opened.
type way struct {
	address   string
	demuxer   string // forced; empty: found by the content
	options   [][2]string
	pace      pace
	live      bool // tracks are learnt from the packets, not by looking ahead
	transport string
}

// way chooses how the source is opened.
func (s *Source) way() way {
	switch {
	case s.Body != nil:
		w := way{demuxer: string(s.Container), live: true, transport: "tcp", pace: noFaster}
		if s.FPS > 0 {
			w.options = [][2]string{{"framerate", fmt.Sprint(s.FPS)}}
		}
		return w
	case s.Device.Path != "":
		return s.Device.way()
	case s.URL == "":
		// "file:" keeps FFmpeg from reading a protocol into a file's name.
		return way{address: "file:" + s.Path, pace: inRealTime, transport: "file",
			options: [][2]string{{"protocol_whitelist", "file"}, {"format_whitelist", containers}}}
	}
	w := way{address: s.URL, live: true, transport: s.transport(),
		options: [][2]string{{"protocol_whitelist", networkProtocols}, {"format_whitelist", networkContainers}}}
	set := func(pairs ...string) {
		for i := 0; i < len(pairs); i += 2 {
			w.options = append(w.options, [2]string{pairs[i], pairs[i+1]})
		}
	}
	micros := fmt.Sprint(s.silence().Microseconds())
	switch s.scheme() {
	case "rtsp", "rtsps":
		set("rtsp_transport", "tcp", "timeout", micros)
	case "rtmp", "rtmps":
		// rtmp_live asks for what is live now; the buffer is what the server may
		// hold back.
		w.demuxer = "flv"
		set("rtmp_live", "live", "rtmp_buffer", "100", "rw_timeout", micros)
	case "srt":
		w.demuxer = "mpegts"
	case "udp":
		w.demuxer = "mpegts"
		// A burst may not fill the queue; a full one loses packets, not the run.
		set("fifo_size", "28672", "overrun_nonfatal", "1", "buffer_size", "2097152")
	case "http", "https":
		// The last two segments of a live playlist: the newest one alone leaves
		// nothing to show while the next is made.
		set("rw_timeout", micros, "live_start_index", "-2", "allowed_extensions", "ALL", "extension_picky", "0",
			"user_agent", "Sightline")
	default:
		set("rw_timeout", micros)
	}
	return w
}

// Device is a camera of this machine, by Video4Linux2.
type Device struct {
	// Path is the device, such as /dev/video0.
	Path string
	// Size is WIDTHxHEIGHT, FPS the frame rate; empty for the device's default.
	Size, FPS string
	// Format is h264 or mjpeg; empty for what the device prefers.
	Format string
}

func (d Device) way() way {
	w := way{address: d.Path, demuxer: "v4l2", live: true, transport: "device"}
	for _, o := range [][2]string{{"video_size", d.Size}, {"framerate", d.FPS}, {"input_format", d.Format}} {
		if o[1] != "" {
			w.options = append(w.options, o)
		}
	}
	return w
}

// open opens the source's input and finds its video. The error is sorted.
func (s *Source) open(ctx context.Context) (_ *input, err error) {
	w := s.way()
	in := &input{fc: astiav.AllocFormatContext(), interrupter: astiav.NewIOInterrupter(), packet: astiav.AllocPacket(),
		name: s.name(), pace: w.pace, stamp: s.stamps()}
	in.fc.SetIOInterrupter(in.interrupter)
	in.release = context.AfterFunc(ctx, in.interrupter.Interrupt)
	if s.network() {
		in.watch = newWatch(in.interrupter, s.silence())
		if s.listens() {
			in.watch.patient()
		}
	}
	defer func() {
		if err == nil {
			return
		}
		silent := in.watch.fired()
		in.close()
		switch {
		case ctx.Err() != nil:
			err = ctx.Err()
		case silent:
			err = s.silent()
		default:
			err = s.openFailed(ctx, err)
		}
	}()
	if err := in.openFormat(s, w); err != nil {
		return nil, err
	}
	in.recorded = s.Path != "" || s.URL != "" && in.fc.Duration() > 0
	if in.recorded || isPlaylist(in.fc) {
		in.pace = inRealTime
	}
	if w.live && !in.recorded {
		err = in.learn(ctx)
	} else if err = in.fc.FindStreamInfo(nil); err == nil {
		err = in.choose()
	}
	if err != nil {
		return nil, err
	}
	in.track.Transport = w.transport
	return in, nil
}

// openFormat opens the container.
func (in *input) openFormat(s *Source, w way) error {
	options := astiav.NewDictionary()
	defer options.Free()
	for _, o := range w.options {
		if err := options.Set(o[0], o[1], 0); err != nil {
			return fmt.Errorf("ffmpeg: option %s: %w", o[0], err)
		}
	}
	var format *astiav.InputFormat
	if w.demuxer != "" {
		if w.demuxer == "v4l2" {
			astiav.RegisterAllDevices()
		}
		if format = astiav.FindInputFormat(w.demuxer); format == nil {
			return source.Fail(source.GiveUp, health.New(health.SourceURLInvalid,
				"%s: this FFmpeg has no demuxer %s", in.name, w.demuxer), nil)
		}
	}
	if s.Body != nil {
		body, err := astiav.AllocIOContext(bodyBuffer, false, s.Body.Read, nil, nil)
		if err != nil {
			return fmt.Errorf("ffmpeg: %s: %w", in.name, err)
		}
		in.body = body
		in.fc.SetPb(body)
	}
	return in.fc.OpenInput(w.address, format, options)
}

// bodyBuffer is how much of a body is read at once, at most.
const bodyBuffer = 16 << 10

func isPlaylist(fc *astiav.FormatContext) bool {
	return strings.HasPrefix(fc.InputFormat().Name(), "hls")
}

// network says that the source is at the other end of a network.
func (s *Source) network() bool { return s.URL != "" }

// stamps says where pictures without timestamps get them from.
func (s *Source) stamps() stamps {
	if s.Body != nil && s.FPS == 0 && (s.Container == H264 || s.Container == H265) {
		return byArrival
	}
	return byContainer
}

// silent is the failure of an address that sends nothing.
func (s *Source) silent() error {
	c := health.New(health.SourceSilent, "%s has sent nothing for %v", s.name(), s.silence()).
		WithFix("Start the sender; the relay tries again by itself.")
	return source.Fail(source.Retry, c, nil)
}

func (s *Source) openFailed(ctx context.Context, err error) error {
	if _, ok := errors.AsType[*source.Failure](err); ok {
		return err
	}
	switch {
	case s.network():
		return s.failed(ctx, err)
	case s.Body != nil:
		if tooBig, ok := errors.AsType[*http.MaxBytesError](err); ok {
			err = tooBig
		}
		return source.Fail(source.Retry, health.New(health.SourceProtocol, "%s: what is sent is not %s (%v)", s.name(), s.Container, err), err)
	case s.Device.Path != "":
		return source.Fail(source.Retry, health.New(health.SourceUnreachable, "%s cannot be opened: %v", s.name(), err).
			WithFix("Check that the device is there, that the relay's user may read it (group video), and that no other program uses it."), err)
	case errors.Is(err, astiav.ErrEnoent):
		return source.Fail(source.NeedsPerson, health.New(health.SourceFileMissing, "%s does not exist", s.Path), err)
	}
	return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia,
		"%s is no video file that FFmpeg knows (%v)", s.Path, err), err)
}

// watch interrupts an input that is silent for too long. A nil one never does.
type watch struct {
	timer   *time.Timer
	silence time.Duration
	expired atomic.Bool
}

func newWatch(i *astiav.IOInterrupter, silence time.Duration) *watch {
	w := &watch{silence: silence}
	w.timer = time.AfterFunc(silence, func() {
		w.expired.Store(true)
		i.Interrupt()
	})
	return w
}

// patient waits for the first packet for as long as it takes.
func (w *watch) patient() { w.timer.Stop() }

// heard notes that something has come.
func (w *watch) heard() {
	if w != nil && !w.fired() {
		w.timer.Reset(w.silence)
	}
}

func (w *watch) fired() bool { return w != nil && w.expired.Load() }

func (w *watch) stop() {
	if w != nil {
		w.timer.Stop()
	}
}
