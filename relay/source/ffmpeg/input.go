package ffmpeg

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/asticode/go-astiav"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

// input is an opened container with one H.264 track.
type input struct {
	fc          *astiav.FormatContext
	interrupter *astiav.IOInterrupter
	release     func() bool
	packet      *astiav.Packet
	stream      int
	timeBase    astiav.Rational

	track      media.Track
	sps, pps   []byte
	lengthSize int  // bytes of a NAL unit's length; 0: start codes
	paced      bool // a recording, which comes as fast as it is read
}

// unit is one coded picture as the container has it.
type unit struct {
	nalus [][]byte
	pts   int64 // 90 kHz, of the container
	timed bool  // pts is known
	size  int
}

// maxUnit bounds one coded picture.
const maxUnit = 16 << 20

// containers are the demuxers a file may choose; playlists and scripts, which
// can name other files, are not among them.
const containers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpegts,mpeg,h264,hevc,m4v," +
	"mpegvideo,mjpeg,mxf,asf,nut,ogg,ivf,obu,rm,wav,mp3,aac,flac,gif,swf,dv,wtv"

// networkProtocols are what an address may use, also by redirection; never a
// local file.
const networkProtocols = "http,https,httpproxy,tls,tcp,udp,rtp,srtp,rtmp,rtmps,rtmpt,rtmpts,rtmpe,srt,crypto"

// open opens the source's input and finds its video. The error is sorted.
func (s *Source) open(ctx context.Context) (_ *input, err error) {
	in := &input{fc: astiav.AllocFormatContext(), interrupter: astiav.NewIOInterrupter(), packet: astiav.AllocPacket()}
	in.fc.SetIOInterrupter(in.interrupter)
	in.release = context.AfterFunc(ctx, in.interrupter.Interrupt)
	defer func() {
		if err != nil {
			in.close()
			if ctx.Err() != nil {
				err = ctx.Err()
			}
		}
	}()

	options := astiav.NewDictionary()
	defer options.Free()
	// "file:" keeps FFmpeg from reading a protocol into a file's name.
	address, settings := "file:"+s.Path, [][2]string{{"protocol_whitelist", "file"}, {"format_whitelist", containers}}
	if s.URL != "" {
		address, settings = s.URL, [][2]string{{"protocol_whitelist", networkProtocols}, {"rw_timeout", "10000000"}}
		if strings.HasPrefix(s.URL, "rtsp") {
			settings = append(settings, [2]string{"rtsp_transport", "tcp"}, [2]string{"timeout", "10000000"})
		}
	}
	for _, o := range settings {
		if err := options.Set(o[0], o[1], 0); err != nil {
			return nil, fmt.Errorf("ffmpeg: option %s: %w", o[0], err)
		}
	}
	if err := in.fc.OpenInput(address, nil, options); err != nil {
		return nil, s.openFailed(err)
	}
	if err := in.fc.FindStreamInfo(nil); err != nil {
		return nil, s.openFailed(err)
	}
	if err := in.choose(s.name()); err != nil {
		return nil, err
	}
	in.track.Transport = "file"
	in.paced = true
	if s.URL != "" {
		in.track.Transport = transportOf(s.URL)
		in.paced = in.fc.Duration() > 0
	}
	return in, nil
}

func (s *Source) openFailed(err error) error {
	if s.URL != "" {
		return sortNetwork(Redact(s.URL), err)
	}
	if errors.Is(err, astiav.ErrEnoent) {
		return source.Fail(source.NeedsPerson, health.New(health.SourceFileMissing, "%s does not exist", s.Path), err)
	}
	return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia,
		"%s is no video file that FFmpeg knows (%v)", s.Path, err), err)
}

// choose picks the video track and reads its parameters.
func (in *input) choose(name string) error {
	var video *astiav.Stream
	tracks := 0
	for _, st := range in.fc.Streams() {
		cp := st.CodecParameters()
		picture := st.DispositionFlags().Has(astiav.DispositionFlagAttachedPic)
		isVideo := cp.MediaType() == astiav.MediaTypeVideo && !picture
		if isVideo {
			tracks++
		}
		// The first H.264 track, or the first video track to name its codec.
		if isVideo && (video == nil || video.CodecParameters().CodecID() != astiav.CodecIDH264 && cp.CodecID() == astiav.CodecIDH264) {
			video = st
		}
		st.SetDiscard(astiav.DiscardAll)
	}
	if video == nil {
		return source.Fail(source.NeedsPerson, health.New(health.SourceNoVideo,
			"%s has %d tracks, none of them video", name, in.fc.NbStreams()), nil)
	}
	cp := video.CodecParameters()
	if cp.CodecID() != astiav.CodecIDH264 {
		return source.Fail(source.NeedsPerson, health.New(health.SourceCodec,
			"%s is coded as %s; only H.264 can be relayed", name, cp.CodecID()).
			WithFix("Encode it as H.264 without B-frames: ffmpeg -i IN -c:v libx264 -bf 0 OUT.mp4"), nil)
	}
	video.SetDiscard(astiav.DiscardDefault)
	in.stream, in.timeBase = video.Index(), video.TimeBase()

	extra := cp.ExtraData()
	if len(extra) > 0 && extra[0] == 1 {
		var err error
		if in.sps, in.pps, in.lengthSize, err = parseAVCC(extra); err != nil {
			return source.Fail(source.NeedsPerson, health.New(health.SourceNotMedia, "%s: %v", name, err), err)
		}
	} else {
		for _, n := range media.SplitAnnexB(extra) {
			switch media.NALUType(n) {
			case 7:
				in.sps = n
			case 8:
				in.pps = n
			}
		}
	}
	in.track = media.Track{Codec: media.H264, SPS: in.sps, PPS: in.pps,
		Width: cp.Width(), Height: cp.Height(), FrameRate: video.AvgFrameRate().Float64()}
	if sps, err := media.ParseSPS(in.sps); err == nil {
		in.track.Width, in.track.Height, in.track.Profile = sps.Width, sps.Height, sps.Profile()
		if in.track.FrameRate == 0 {
			in.track.FrameRate = sps.FrameRate
		}
	}
	return nil
}

// next reads the next picture; errEnd at the end.
func (in *input) next() (unit, error) {
	for {
		in.packet.Unref()
		err := in.fc.ReadFrame(in.packet)
		if errors.Is(err, astiav.ErrEof) {
			return unit{}, errEnd
		}
		if err != nil {
			return unit{}, err
		}
		if in.packet.StreamIndex() != in.stream || in.packet.Size() == 0 {
			continue
		}
		if in.packet.Size() > maxUnit {
			return unit{}, fmt.Errorf("ffmpeg: a picture of %d bytes is beyond the bound of %d", in.packet.Size(), maxUnit)
		}
		data := in.packet.Data()
		u := unit{size: len(data)}
		if in.lengthSize > 0 {
			// Where the lengths make no sense, what is whole is kept; some files
			// have start codes in spite of their header.
			if u.nalus, err = splitLengths(data, in.lengthSize); err != nil && bytes.HasPrefix(data, []byte{0, 0}) {
				u.nalus = media.SplitAnnexB(data)
			}
		} else {
			u.nalus = media.SplitAnnexB(data)
		}
		if len(u.nalus) == 0 {
			continue
		}
		in.packet.RescaleTs(in.timeBase, astiav.NewRational(1, media.ClockRate))
		u.pts, u.timed = in.packet.Pts(), true
		if u.pts == astiav.NoPtsValue {
			u.pts = in.packet.Dts()
			u.timed = u.pts != astiav.NoPtsValue
		}
		return u, nil
	}
}

func (in *input) close() {
	in.release()
	in.packet.Free()
	in.fc.CloseInput()
	in.fc.Free()
	in.interrupter.Free()
}
