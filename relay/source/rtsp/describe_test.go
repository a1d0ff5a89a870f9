package rtsp

import (
	"testing"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
)

const sdpHead = "v=0\r\no=- 1 1 IN IP4 10.0.0.1\r\ns=Session\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\n"

// The sets are those of RFC 6184 section 8.2.1.
const sprop = "Z0IACpZTBYmI,aMljiA=="

const sdpVideo = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;profile-level-id=42000a;sprop-parameter-sets=" + sprop + "\r\na=framerate:25.0\r\na=control:trackID=1\r\n"

var descriptionCases = []struct {
	name, in string
	want     description // without the sets
	sets     int
	code     health.Code
	class    source.Class
}{
	{name: "plain", in: sdpHead + sdpVideo, want: description{control: "*", video: "trackID=1", payloadType: 96, clockRate: 90000, frameRate: 25}, sets: 2},
	{name: "audio first, bare line feeds", in: "v=0\nm=audio 0 RTP/AVP 0\na=control:audio\nm=video 0 RTP/AVP 97\na=rtpmap:97 h264/90000\na=control:rtsp://10.0.0.1/v\n",
		want: description{video: "rtsp://10.0.0.1/v", payloadType: 97, clockRate: 90000}},
	{name: "lines missing, misordered, malformed", in: "s=\r\nv=0\r\nfoo\r\no=x\r\nt=\r\nb=AS:x\r\na=control:base\r\nm=video 99999 RTP/AVP 96\r\nb=\r\nc=IN\r\ni=\r\na=rtpmap:96 H264\r\na=fmtp:96 sprop-parameter-sets=!!,Z0IACpZTBYmI=,,aMljiA; x\r\n",
		want: description{control: "base", payloadType: 96, clockRate: 90000}, sets: 2},
	{name: "sets with start codes", in: sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 sprop-parameter-sets=AAAAAWdCAAqWUwWJiA==,AAABaMljiA==\r\n",
		want: description{control: "*", payloadType: 96, clockRate: 90000}, sets: 2},
	{name: "second format and second track", in: sdpHead + "m=video 0 RTP/AVP 26\r\nm=video 0 RTP/AVP 98 96\r\na=rtpmap:98 H265/90000\r\na=rtpmap:96 H264/90000\r\na=control:b\r\n",
		want: description{control: "*", video: "b", payloadType: 96, clockRate: 90000}},
	{name: "secured profile name", in: sdpHead + "m=video 0 RTP/AVPF 96\r\na=rtpmap:96 H264/90000\r\n",
		want: description{control: "*", payloadType: 96, clockRate: 90000}},
	{name: "H.265", in: sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H265/90000\r\n", code: health.SourceCodec, class: source.NeedsPerson},
	{name: "JPEG by its static number", in: sdpHead + "m=video 0 RTP/AVP 26\r\n", code: health.SourceCodec, class: source.NeedsPerson},
	{name: "interleaved packetization", in: sdpHead + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=2\r\n", code: health.SourceCodec, class: source.NeedsPerson},
	{name: "audio only", in: sdpHead + "m=audio 0 RTP/AVP 0\r\n", code: health.SourceNoVideo, class: source.NeedsPerson},
	{name: "nothing", in: "", code: health.SourceNoVideo, class: source.NeedsPerson},
	{name: "video without a format", in: sdpHead + "m=video 0 RTP/AVP\r\n", code: health.SourceProtocol, class: source.Retry},
}

func TestParseDescription(t *testing.T) {
	for _, c := range descriptionCases {
		t.Run(c.name, func(t *testing.T) {
			d, err := parseDescription([]byte(c.in))
			if c.code != "" {
				f := source.Sorted(err)
				if err == nil || f.Condition.Code != c.code || f.Class != c.class {
					t.Fatalf("got %+v, %v (class %v), want %s", d, err, f.Class, c.code)
				}
				t.Log(f.Condition.Text)
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := *d
			got.sets = nil
			if got.control != c.want.control || got.video != c.want.video || got.payloadType != c.want.payloadType ||
				got.clockRate != c.want.clockRate || got.frameRate != c.want.frameRate || len(d.sets) != c.sets {
				t.Errorf("got %+v with %d sets, want %+v with %d", got, len(d.sets), c.want, c.sets)
			}
		})
	}
}

func FuzzDescription(f *testing.F) {
	for _, c := range descriptionCases {
		f.Add([]byte(c.in))
	}
	f.Add([]byte(sdpHead + sdpAudio + sdpVideo + "a=rtcp-fb:96 nack pli\r\n" + sdpMetadata))
	f.Add([]byte("m=audio 0 RTP/AVP 97\r\na=rtpmap:97 MPEG4-GENERIC/48000/2\r\na=fmtp:97 mode=AAC-hbr;config=1190;sizelength=13;indexlength=3;indexdeltalength=3\r\n" +
		"m=video 0 RTP/AVP 98\r\na=rtpmap:98 H265/90000\r\na=fmtp:98 sprop-vps=QAEMAf//;sprop-max-don-diff=1\r\n"))
	f.Add([]byte("m=video 0 RTP/AVP 26\r\na=framesize:26 3840-2160\r\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		d, err := parseDescription(in, media.H264, media.H265, media.JPEG)
		if (d == nil) == (err == nil) {
			t.Fatalf("%+v, %v", d, err)
		}
		if d != nil && d.clockRate <= 0 {
			t.Fatalf("clock rate %d", d.clockRate)
		}
	})
}
