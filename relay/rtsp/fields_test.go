package rtsp

import (
	"reflect"
	"testing"
	"time"
)

var transportCases = []struct {
	in   string
	want []Transport
	out  string // what it is written as, if one
}{
	{"RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=1A2B3C4D;mode=\"PLAY\"",
		[]Transport{{Profile: "RTP/AVP", ClientPort: Range{5000, 5001}, ServerPort: Range{6970, 6971}, SSRC: 0x1A2B3C4D, HasSSRC: true, Mode: "PLAY"}},
		"RTP/AVP;unicast;client_port=5000-5001;server_port=6970-6971;ssrc=1A2B3C4D;mode=PLAY"},
	{"RTP/AVP/TCP;unicast;interleaved=0-1", []Transport{{Profile: "RTP/AVP", TCP: true, HasInterleaved: true, Interleaved: Range{0, 1}}},
		"RTP/AVP/TCP;unicast;interleaved=0-1"},
	{"rtp/avp/udp; UNICAST ;Client_Port = 5000 ; source=10.0.0.9;x-unknown=1;ssrc=zz;mode=play",
		[]Transport{{Profile: "RTP/AVP", ClientPort: Range{5000, 5001}, Source: "10.0.0.9", Mode: "PLAY"}}, ""},
	{"RTP/AVP;multicast;destination=239.0.0.1;port=3456-3457;ttl=16",
		[]Transport{{Profile: "RTP/AVP", Multicast: true, Destination: "239.0.0.1", Port: Range{3456, 3457}}}, ""},
	{"RTP/SAVP;unicast;client_port=1-2,RTP/AVP/TCP;interleaved=2",
		[]Transport{{Profile: "RTP/SAVP", ClientPort: Range{1, 2}}, {Profile: "RTP/AVP", TCP: true, HasInterleaved: true, Interleaved: Range{2, 3}}}, ""},
	{"RTP/AVP;unicast;server_port=70000-1", nil, ""},
	{"RTP/AVP/TCP;interleaved=0-256", nil, ""},
	{"RTP/AVP/SCTP", nil, ""},
	{"RTP/0\";unicast", nil, ""},
	{"x-pn-tng/tcp", nil, ""},
	{"", nil, ""},
	{";;;", nil, ""},
}

func TestParseTransports(t *testing.T) {
	for _, c := range transportCases {
		got, err := ParseTransports(c.in)
		if (err != nil) != (c.want == nil) || !reflect.DeepEqual(got, c.want) {
			t.Errorf("%q: %+v, %v; want %+v", c.in, got, err, c.want)
		}
		if c.out != "" && got[0].String() != c.out {
			t.Errorf("%q is written as %q, want %q", c.in, got[0], c.out)
		}
	}
}

func FuzzTransports(f *testing.F) {
	for _, c := range transportCases {
		f.Add(c.in)
	}
	f.Fuzz(func(t *testing.T, in string) {
		all, err := ParseTransports(in)
		if err != nil {
			return
		}
		for _, tr := range all {
			again, err := ParseTransports(tr.String())
			if err != nil || len(again) != 1 || again[0] != tr {
				t.Fatalf("%+v is written as %q and reads as %+v, %v", tr, tr, again, err)
			}
		}
	})
}

var sessionCases = []struct {
	in   string
	want Session
	bad  bool
}{
	{"12345678;timeout=30", Session{"12345678", 30 * time.Second}, false},
	{" ABC ; Timeout = \"15\" ", Session{"ABC", 15 * time.Second}, false},
	{"ABC", Session{"ABC", time.Minute}, false},
	{"ABC;timeout=0", Session{"ABC", time.Minute}, false},
	{"ABC;timeout=-5", Session{"ABC", time.Minute}, false},
	{"ABC;timeout=99999999999", Session{"ABC", time.Minute}, false},
	{"", Session{}, true},
	{";timeout=5", Session{}, true},
	{"a b", Session{}, true},
}

func TestParseSession(t *testing.T) {
	for _, c := range sessionCases {
		got, err := ParseSession(c.in)
		if (err != nil) != c.bad || got != c.want {
			t.Errorf("%q: %+v, %v", c.in, got, err)
		}
	}
}

func TestParseRTPInfo(t *testing.T) {
	got := ParseRTPInfo(`url=rtsp://h/cam/stream=0;seq=45102;rtptime=12345678,url="rtsp://h/a,b";seq=70000, ;;`)
	want := []RTPInfo{
		{URL: "rtsp://h/cam/stream=0", Seq: 45102, HasSeq: true, RTPTime: 12345678, HasRTPTime: true},
		{URL: "rtsp://h/a,b"},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%+v", got)
	}
	if s := got[0].String(); s != "url=rtsp://h/cam/stream=0;seq=45102;rtptime=12345678" {
		t.Errorf("written as %q", s)
	}
}

func FuzzSession(f *testing.F) {
	for _, c := range sessionCases {
		f.Add(c.in)
	}
	f.Add("url=rtsp://h/x;seq=1;rtptime=2")
	f.Fuzz(func(t *testing.T, in string) {
		ParseRTPInfo(in)
		s, err := ParseSession(in)
		if err != nil {
			return
		}
		if again, err := ParseSession(s.String()); err != nil || again != s {
			t.Fatalf("%+v reads again as %+v, %v", s, again, err)
		}
	})
}
