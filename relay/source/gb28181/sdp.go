package gb28181

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// Setup says who opens the media connection, in the words of RFC 4145 for the
// platform's side.
type Setup string

// The setups of media over TCP.
const (
	Passive Setup = "passive" // the device dials the relay
	Active  Setup = "active"  // the relay dials the device
)

// offer is the SDP of a live invitation (GB/T 28181-2022 annex G).
type offer struct {
	platform string
	channel  string
	addr     netip.Addr
	port     int
	tcp      bool
	setup    Setup
	ssrc     uint32
}

func (o offer) text() string {
	proto, extra := "RTP/AVP", ""
	if o.tcp {
		proto, extra = "TCP/RTP/AVP", fmt.Sprintf("a=setup:%s\r\na=connection:new\r\n", o.setup)
	}
	family := "IP4"
	if o.addr.Is6() {
		family = "IP6"
	}
	return fmt.Sprintf("v=0\r\no=%s 0 0 IN %s %s\r\ns=Play\r\nc=IN %s %s\r\nt=0 0\r\nm=video %d %s 96 97 98 99\r\na=recvonly\r\n"+
		"a=rtpmap:96 PS/90000\r\na=rtpmap:97 MPEG4/90000\r\na=rtpmap:98 H264/90000\r\na=rtpmap:99 SVAC/90000\r\n%sy=%010d\r\n",
		o.channel, family, o.addr, family, o.addr, o.port, proto, extra, o.ssrc)
}

// description is what the relay reads of a device's SDP.
type description struct {
	addr   netip.Addr // invalid where the SDP has none
	port   int
	ssrc   uint32          // 0 where the SDP has none
	codecs map[byte]string // by payload type, in capitals
}

// parseSDP reads what devices send as SDP, line by line, in whatever order and
// with whatever line ends; what makes no sense is left out.
func parseSDP(body []byte) description {
	d := description{codecs: map[byte]string{}}
	text := string(body)
	if len(text) > maxHead {
		text = text[:maxHead]
	}
	video, inVideo := false, false
	for line := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == '\r' || r == '\n' }) {
		key, value, ok := strings.Cut(strings.TrimSpace(line), "=")
		if !ok {
			continue
		}
		value = strings.TrimSpace(value)
		switch strings.ToLower(key) {
		case "c":
			f := strings.Fields(value)
			if len(f) == 3 && (!d.addr.IsValid() || inVideo) {
				ip, _, _ := strings.Cut(f[2], "/")
				if a, err := netip.ParseAddr(ip); err == nil {
					d.addr = a.Unmap()
				}
			}
		case "m":
			f := strings.Fields(value)
			inVideo = len(f) >= 3 && strings.EqualFold(f[0], "video")
			if inVideo && !video {
				video = true
				if p, err := strconv.ParseUint(f[1], 10, 16); err == nil {
					d.port = int(p)
				}
			}
		case "a":
			if v, ok := strings.CutPrefix(value, "rtpmap:"); ok {
				pt, name, _ := strings.Cut(v, " ")
				name, _, _ = strings.Cut(strings.TrimSpace(name), "/")
				if n, err := strconv.ParseUint(strings.TrimSpace(pt), 10, 7); err == nil && len(d.codecs) < 32 {
					d.codecs[byte(n)] = strings.ToUpper(name)
				}
			}
		case "y":
			if n, err := strconv.ParseUint(strings.TrimSpace(value), 10, 32); err == nil {
				d.ssrc = uint32(n)
			}
		}
	}
	return d
}
