package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// input is an opened container with one video track.
type input struct {
	fc          *astiav.FormatContext
	body        *astiav.IOContext // nil without a body
	interrupter *astiav.IOInterrupter
	release     func() bool
	watch       *watch
	packet      *astiav.Packet
	pending     bool // packet holds one that next has not handed out
	name        string
	pace        pace
	stamp       stamps
	recorded    bool

	stream     int // index of the video track, -1 until it is known
	codecID    astiav.CodecID
	timeBase   astiav.Rational
	lastVideo  time.Time // when the track's newest packet came
	track      media.Track
	sps, pps   []byte
	prefix     [][]byte // what a decoder needs before a key frame, of other codecs
	lengthSize int      // bytes of a NAL unit's length; 0: start codes
	arrived    time.Time
	other      func(*input) // takes packets of other tracks; may be nil
}

// stamps says where timestamps come from.
type stamps int

const (
	byContainer stamps = iota
	byArrival          // the container has none
)

// unit is one coded picture as the container has it.
type unit struct {
	nalus    [][]byte
	pts, dts int64 // 90 kHz, of the container
	timed    bool  // they are known
	key      bool
	size     int
	changed  bool // the track differs from that of the unit before
}

// Bounds of what is read before the video is known.
const (
	maxUnit = 16 << 20 // one coded picture
	// learnTime is how long to wait for a video track, keyTime for its first key
	// frame; cameras that save bits have one in half a minute.
	learnTime = 10 * time.Second
	keyTime   = 60 * time.Second
)

// codecs are the names of what is coded, by FFmpeg's. What no viewer can show
// is passed on too: whoever takes it may be able to decode it.
func codecs() map[astiav.CodecID]media.Codec {
	return map[astiav.CodecID]media.Codec{
		astiav.CodecIDH264: media.H264, astiav.CodecIDHevc: media.H265, astiav.CodecIDMjpeg: media.JPEG,
		astiav.CodecIDAv1: "AV1", astiav.CodecIDVp8: "VP8", astiav.CodecIDVp9: "VP9",
		astiav.CodecIDMpeg4: "MP4V-ES", astiav.CodecIDMpeg2Video: "MPV", astiav.CodecIDMpeg1Video: "MPV",
	}
}

// video says whether a track is one to show: a cover picture is none.
func video(st *astiav.Stream) bool {
	return st.CodecParameters().MediaType() == astiav.MediaTypeVideo &&
		!st.DispositionFlags().Has(astiav.DispositionFlagAttachedPic)
}

// choose picks the video track of a container whose tracks are all known: the
// largest of those in H.264, else the first.
func (in *input) choose() error {
	var best *astiav.Stream
	rank := func(st *astiav.Stream) int {
		cp := st.CodecParameters()
		if cp.CodecID() != astiav.CodecIDH264 {
			return -1
		}
		return cp.Width() * cp.Height()
	}
	for _, st := range in.fc.Streams() {
		if video(st) && (best == nil || rank(st) > rank(best)) {
			best = st
		}
	}
	if best == nil {
		return in.noVideo()
	}
	return in.take(best)
}

func (in *input) noVideo() error {
	return source.Fail(source.NeedsPerson, health.New(health.SourceNoVideo,
		"none of the %d track(s) of %s is video", in.fc.NbStreams(), in.name), nil)
}

// learn reads until a video track has shown what its decoder needs. FFmpeg's own
// way to find out looks at every track for seconds, which a viewer would wait;
// a picture can be shown from the first key frame on.
func (in *input) learn(ctx context.Context) error {
	in.stream = -1
	var began time.Time
	for {
		if err := in.read(); err != nil {
			return err
		}
		if began.IsZero() { // who listens waits for as long as it takes
			began = time.Now()
		}
		st := in.streamOf(in.packet)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case st != nil && video(st) && in.packet.Size() > 0:
			in.stream = st.Index()
			if in.complete(st) {
				in.pending = true
				return in.take(st)
			}
			if time.Since(began) > keyTime {
				return source.Fail(source.Retry, health.New(health.SourceProtocol,
					"%s has sent no key frame for %v", in.name, keyTime), nil)
			}
		case in.stream < 0 && time.Since(began) > learnTime && in.fc.NbStreams() > 0:
			return in.noVideo()
		}
	}
}

// complete says whether the packet that was just read, with what the container
// says, is enough to begin with.
func (in *input) complete(st *astiav.Stream) bool {
	cp := st.CodecParameters()
	var first int // type of the set that comes first
	switch cp.CodecID() {
	case astiav.CodecIDNone:
		return false
	case astiav.CodecIDH264:
		first = 7
	case astiav.CodecIDHevc:
		first = 32
	default:
		return in.packet.Flags().Has(astiav.PacketFlagKey)
	}
	kind := func(n []byte) int {
		if first == 7 {
			return media.NALUType(n)
		}
		return int(n[0] >> 1 & 0x3f)
	}
	for _, data := range [][]byte{cp.ExtraData(), in.packet.Data()} {
		if len(data) > 6 && data[0] == 1 {
			return true // configuration record
		}
		for _, n := range media.SplitAnnexB(data) {
			if kind(n) == first {
				return true
			}
		}
	}
	return false
}

// take makes a track the one to play and reads its parameters.
func (in *input) take(st *astiav.Stream) error {
	for _, other := range in.fc.Streams() {
		if video(other) && other.Index() != st.Index() {
			other.SetDiscard(astiav.DiscardAll)
		}
	}
	cp := st.CodecParameters()
	in.stream, in.timeBase, in.codecID, in.lastVideo = st.Index(), st.TimeBase(), cp.CodecID(), time.Now()
	name, ok := codecs()[cp.CodecID()]
	if !ok {
		return source.Fail(source.NeedsPerson, health.New(health.SourceCodec,
			"%s is coded as %s, which is not supported", in.name, cp.CodecID()).
			WithFix("Encode it as H.264: ffmpeg -i IN -c:v libx264 -bf 0 OUT.mp4"), nil)
	}
	in.track = media.Track{Codec: name, Width: cp.Width(), Height: cp.Height(), Transport: in.track.Transport,
		FrameRate: st.AvgFrameRate().Float64()}
	return in.configure(cp.ExtraData())
}

// configure reads what the container says of the codec beside the pictures.
func (in *input) configure(extra []byte) (err error) {
	in.sps, in.pps, in.prefix, in.lengthSize = nil, nil, nil, 0
	record := len(extra) > 0 && extra[0] == 1
	switch {
	case in.track.Codec == media.H264 && record:
		in.sps, in.pps, in.lengthSize, err = parseAVCC(extra)
	case in.track.Codec == media.H264:
		in.learnSets(media.SplitAnnexB(extra))
	case in.track.Codec == media.H265 && record:
		in.prefix, in.lengthSize, err = parseHVCC(extra)
	case in.track.Codec == media.H265:
		in.prefix = media.SplitAnnexB(extra)
	case in.track.Codec == "AV1":
		if len(extra) > 4 && extra[0] == 0x81 { // av1C: four bytes before the OBUs
			in.prefix = [][]byte{extra[4:]}
		}
	case in.track.Codec == "MP4V-ES" && len(extra) > 0:
		in.prefix = [][]byte{extra}
	}
	if err != nil {
		return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia, "%s: %v", in.name, err), err)
	}
	if in.pending && in.sps == nil && in.track.Codec == media.H264 {
		in.learnSets(in.split(in.packet.Data()))
	}
	in.track.SPS, in.track.PPS = in.sps, in.pps
	if sps, err := media.ParseSPS(in.sps); err == nil {
		in.track.Width, in.track.Height, in.track.Profile = sps.Width, sps.Height, sps.Profile()
		if in.track.FrameRate == 0 {
			in.track.FrameRate = sps.FrameRate
		}
	}
	return nil
}

func (in *input) learnSets(nalus [][]byte) {
	for _, n := range nalus {
		switch media.NALUType(n) {
		case 7:
			in.sps = n
		case 8:
			in.pps = n
		}
	}
}

// read reads one packet of any track.
func (in *input) read() error {
	in.packet.Unref()
	err := in.fc.ReadFrame(in.packet)
	if errors.Is(err, astiav.ErrEof) {
		return errEnd
	}
	if err == nil {
		in.watch.heard()
	}
	return err
}

// streamOf gives a packet's track. There are more than before where the
// container names them as they come.
func (in *input) streamOf(p *astiav.Packet) *astiav.Stream {
	if all := in.fc.Streams(); p.StreamIndex() < len(all) {
		return all[p.StreamIndex()]
	}
	return nil
}

// next reads the next picture; errEnd at the end.
func (in *input) next() (unit, error) {
	for {
		if !in.pending {
			if err := in.read(); err != nil {
				return unit{}, err
			}
		}
		in.pending = false
		if in.packet.StreamIndex() != in.stream {
			if in.other != nil {
				in.other(in)
			}
			if err := in.replaced(); err != nil {
				return unit{}, err
			}
			continue
		}
		size := in.packet.Size()
		if size > maxUnit {
			return unit{}, fmt.Errorf("ffmpeg: a picture of %d bytes is beyond the bound of %d", size, maxUnit)
		}
		changed, err := in.reconfigure()
		if err != nil {
			return unit{}, err
		}
		u := unit{size: size, changed: changed, nalus: in.split(in.packet.Data())}
		if len(u.nalus) == 0 {
			continue
		}
		in.lastVideo = time.Now()
		u.key = in.packet.Flags().Has(astiav.PacketFlagKey)
		if in.track.Codec == media.H264 {
			u.key = media.IsKey(u.nalus)
		} else if u.key && len(in.prefix) > 0 {
			u.nalus = in.withPrefix(u.nalus)
		}
		in.time(&u)
		return u, nil
	}
}

// withPrefix puts what the container says beside the pictures before one.
func (in *input) withPrefix(nalus [][]byte) [][]byte {
	out := make([][]byte, 0, len(in.prefix)+len(nalus))
	for _, n := range in.prefix {
		out = append(out, bytes.Clone(n))
	}
	if in.track.Codec != media.H265 { // one chunk of bytes
		return [][]byte{append(bytes.Join(out, nil), nalus[0]...)}
	}
	return append(out, nalus...)
}

// time sets the unit's times.
func (in *input) time(u *unit) {
	if in.stamp == byArrival {
		if in.arrived.IsZero() {
			in.arrived = in.lastVideo
		}
		u.pts = int64(in.lastVideo.Sub(in.arrived)) * media.ClockRate / int64(time.Second)
		u.dts, u.timed = u.pts, true
		return
	}
	in.packet.RescaleTs(in.timeBase, astiav.NewRational(1, media.ClockRate))
	u.pts, u.dts = in.packet.Pts(), in.packet.Dts()
	switch {
	case u.pts == astiav.NoPtsValue:
		u.pts = u.dts
	case u.dts == astiav.NoPtsValue:
		u.dts = u.pts
	}
	u.timed = u.pts != astiav.NoPtsValue
}

// replaced notices that the sender goes on with another video track: the run
// ends then, and the next one finds it.
func (in *input) replaced() error {
	if in.recorded || time.Since(in.lastVideo) < 2*time.Second {
		return nil
	}
	if st := in.streamOf(in.packet); st == nil || !video(st) {
		return nil
	}
	return source.Fail(source.Retry, health.New(health.SourceProtocol, "%s has changed to another video track", in.name), nil)
}

// reconfigure takes a change of the codec or its parameters at the packet.
func (in *input) reconfigure() (changed bool, err error) {
	if extra := in.packet.SideData().Get(astiav.PacketSideDataTypeNewExtradata); len(extra) > 0 {
		return true, in.configure(extra)
	}
	if st := in.streamOf(in.packet); st.CodecParameters().CodecID() != in.codecID {
		return true, in.take(st)
	}
	return false, nil
}

// split cuts a picture into NAL units; of other codecs it is one piece.
func (in *input) split(data []byte) [][]byte {
	switch {
	case len(data) == 0:
		return nil
	case in.track.Codec != media.H264 && in.track.Codec != media.H265:
		return [][]byte{data}
	case in.lengthSize == 0:
		return media.SplitAnnexB(data)
	}
	// Where the lengths make no sense, what is whole is kept; some files have
	// start codes in spite of their header.
	nalus, err := splitLengths(data, in.lengthSize)
	if err != nil && bytes.HasPrefix(data, []byte{0, 0}) {
		nalus = media.SplitAnnexB(data)
	}
	return nalus
}

// Found is what an input is.
type Found struct {
	// Container is FFmpeg's name of it, such as "flv"; of several the first.
	Container string
	// Codec is FFmpeg's name of the video's codec.
	Codec string
	// Audio are the tracks of sound that are known by then.
	Audio []Sound
}

// Sound is a track of sound; Rate in samples per second and Channels are 0 while
// they are not known.
type Sound struct {
	Codec          string
	Rate, Channels int
}

func (in *input) found() Found {
	name, _, _ := strings.Cut(in.fc.InputFormat().Name(), ",")
	f := Found{Container: name, Codec: in.codecID.String()}
	for _, st := range in.fc.Streams() {
		if cp := st.CodecParameters(); cp.MediaType() == astiav.MediaTypeAudio {
			f.Audio = append(f.Audio, Sound{Codec: cp.CodecID().String(), Rate: cp.SampleRate(), Channels: cp.ChannelLayout().Channels()})
		}
	}
	return f
}

func (in *input) close() {
	in.watch.stop()
	in.release()
	in.packet.Free()
	in.fc.CloseInput()
	in.fc.Free()
	if in.body != nil {
		in.body.Free()
	}
	in.interrupter.Free()
}
