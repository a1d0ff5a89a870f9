package gb28181

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emiago/sipgo/sip"
	"golang.org/x/text/encoding/simplifiedchinese"
)

const request = "MESSAGE sip:34020000002000000001@3402000000 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.1:5060;rport;branch=z9hG4bK1\r\n" +
	"From: <sip:34020000001320000001@3402000000>;tag=1\r\nTo: <sip:34020000002000000001@3402000000>\r\nCall-ID: 1@x\r\nCSeq: 20 MESSAGE\r\n" +
	"Max-Forwards: 70\r\nContent-Type: Application/MANSCDP+xml\r\nContent-Length: 5\r\n\r\n<a/>\n"

func drop(header string) string {
	var out []string
	for line := range strings.SplitSeq(request, "\r\n") {
		if !strings.HasPrefix(line, header+":") {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\r\n")
}

// What devices send is read, and what cannot be is left out.
var messages = []struct {
	name, text string
	ok         bool
}{
	{"right", request, true},
	{"line feeds only", strings.ReplaceAll(request, "\r\n", "\n"), true},
	{"doubled carriage returns", strings.ReplaceAll(request, "\r\n", "\r\r\n"), true},
	{"length too large", strings.Replace(request, "Length: 5", "Length: 5000", 1), true},
	{"length too small", strings.Replace(request, "Length: 5", "Length: 1", 1), true},
	{"no number as length", strings.Replace(request, "Length: 5", "Length: five", 1), true},
	{"no length", drop("Content-Length"), true},
	{"two lengths", strings.Replace(request, "Content-Length: 5", "Content-Length: 5\r\nl: 77", 1), true},
	{"no Via", drop("Via"), true},
	{"no From", drop("From"), true},
	{"no To", drop("To"), true},
	{"no tag", strings.Replace(request, ";tag=1", "", 1), true},
	{"two Froms", strings.Replace(request, "To: ", "From: <sip:x@y>\r\nTo: ", 1), true},
	{"folded", strings.Replace(request, "Max-Forwards: 70", "Subject: a\r\n b", 1), true},
	{"a line that is no header", strings.Replace(request, "Max-Forwards: 70", "what is this", 1), true},
	{"no Call-ID", drop("Call-ID"), false},
	{"no CSeq", drop("CSeq"), false},
	{"no SIP", "GET / HTTP/1.1\r\n\r\n", false},
	{"empty", "", false},
	{"answer without To", "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:1@2>;tag=3\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n", true},
	{"answer without Via", "SIP/2.0 200 OK\r\nFrom: <sip:1@2>;tag=3\r\nCall-ID: 1\r\nCSeq: 1 INVITE\r\n\r\n", false},
}

func repaired(text []byte) ([]byte, bool) {
	head := headEnd(text)
	if head < 0 {
		head = len(text)
	}
	return repair(nil, text[:head], text[head:], "UDP", "192.0.2.1:5060")
}

func TestRepair(t *testing.T) {
	for _, m := range messages {
		t.Run(m.name, func(t *testing.T) {
			out, ok := repaired([]byte(m.text))
			if ok != m.ok {
				t.Fatalf("repaired %v: %q", ok, out)
			}
			if !ok {
				return
			}
			msg, err := sip.ParseMessage(out)
			if err != nil {
				t.Fatalf("%v: %q", err, out)
			}
			if req, is := msg.(*sip.Request); is && (req.From() == nil || req.To() == nil || req.Via() == nil || string(req.Body()) != "<a/>\n") {
				t.Errorf("request %q", out)
			} else if is && m.name == "no From" && userOf(req) != "" {
				t.Errorf("a device named %q, where nobody gave a name", userOf(req))
			}
		})
	}
}

// A TCP stream is cut into its messages, however it comes, with garbage
// between them.
func TestConnectionCutsMessages(t *testing.T) {
	stream := "\r\n\r\n" + request + "garbage\r\n\x00\x01\r\n" + strings.ReplaceAll(request, "\r\n", "\n") + "\r\n" + request
	for _, step := range []int{1, 7, 4096} {
		a, b := net.Pipe()
		go func() {
			for s := stream; s != ""; {
				n := min(step, len(s))
				_, _ = a.Write([]byte(s[:n]))
				s = s[n:]
			}
			_ = a.Close()
		}()
		go func() { _, _ = bytes.NewBuffer(nil).ReadFrom(a) }()
		c := &connection{Conn: b, list: &connections{idle: time.Minute, open: map[*connection]struct{}{}}}
		var got bytes.Buffer
		buf := make([]byte, 300)
		for {
			n, err := c.Read(buf)
			got.Write(buf[:n])
			if err != nil {
				break
			}
		}
		if n := strings.Count(got.String(), "<a/>"); n != 3 {
			t.Errorf("step %d: %d messages: %q", step, n, got.String())
		}
	}
}

func FuzzSIP(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte(m.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		out, ok := repaired(data)
		if !ok {
			return
		}
		if len(out) > 4*len(data)+2048 {
			t.Errorf("%d bytes of %d", len(out), len(data))
		}
		_, _ = sip.ParseMessage(out)
		parseAuthorization(string(data))
	})
}

// deaf is a connection that takes everything and says nothing.
type deaf struct{ net.Conn }

func (deaf) Write(b []byte) (int, error) { return len(b), nil }
func (deaf) RemoteAddr() net.Addr        { return &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5060} }

// However a TCP stream is cut, each message of it can be parsed, and nothing
// is kept for ever.
func FuzzSIPStream(f *testing.F) {
	for _, m := range messages {
		f.Add([]byte("\r\n\r\n"+m.text+"garbage\r\n"+m.text), uint16(7))
	}
	f.Fuzz(func(t *testing.T, data []byte, step uint16) {
		c := &connection{Conn: deaf{}, list: &connections{}}
		size := 0
		for len(data) > 0 {
			n := min(int(step)+1, len(data))
			c.in, data = append(c.in, data[:n]...), data[n:]
			for {
				msg, ok, err := c.next()
				if err != nil {
					return // the connection is closed
				}
				if !ok {
					break
				}
				if size += len(msg); !bytes.Contains(msg, []byte("\r\n\r\n")) {
					t.Fatalf("a message without an end of its head: %q", msg)
				}
				_, _ = sip.ParseMessage(msg)
			}
			if len(c.in) > maxHead+maxMessage {
				t.Fatalf("%d bytes are kept", len(c.in))
			}
		}
	})
}

func gb(s string) []byte {
	out, err := simplifiedchinese.GB18030.NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return []byte(out)
}

const item = `<Response><CmdType>Catalog</CmdType><SN>17</SN><DeviceID>1</DeviceID><SumNum>1</SumNum><DeviceList Num="1"><Item><DeviceID>34020000001310000001</DeviceID><Name>%</Name><Address>A</Address></Item></DeviceList></Response>`

func doc(declared, name string) string {
	return `<?xml version="1.0" encoding="` + declared + `"?>` + "\r\n" + strings.Replace(item, "%", name, 1)
}

var documents = []struct {
	name string
	raw  []byte
	want string // the name in the first Item
}{
	{"UTF-8", []byte(doc("UTF-8", "东门")), "东门"},
	{"GB2312", gb(doc("GB2312", "东门")), "东门"},
	{"GB18030", gb(doc("GB18030", "东门㐀")), "东门㐀"},
	{"declares GB2312, is UTF-8", []byte(doc("GB2312", "东门")), "东门"},
	{"declares UTF-8, is GB", gb(doc("UTF-8", "东门")), "东门"},
	{"declares nothing, is GB", gb(strings.Replace(item, "%", "联通", 1)), "联通"},
	{"a byte order mark", []byte("\xef\xbb\xbf" + doc("UTF-8", "门")), "门"},
	{"raw &", []byte(doc("UTF-8", "A & B &nope; C")), "A & B &nope; C"},
	{"raw <", []byte(doc("UTF-8", "1 < 2")), "1 < 2"},
	{"entities", []byte(doc("UTF-8", "&lt;&amp;&#x4e1c;&#19996;&#0;")), "<&东东&#0;"},
	{"control characters", []byte(doc("UTF-8", "a\x00\x01b\x7f")), "ab"},
	{"never closed", []byte(strings.Replace(doc("UTF-8", "x"), "</Name>", "", 1)), "x"},
	{"closed twice", []byte(strings.Replace(doc("UTF-8", "x"), "</Name>", "</Name></Name>", 1)), "x"},
	{"empty elements", []byte(strings.Replace(doc("UTF-8", "x"), "<Name>", "<key/><a b='c'/><Name>", 1)), "x"},
	{"an entity bomb", []byte("<!DOCTYPE r [<!ENTITY a \"aa\"><!ENTITY b \"&a;&a;\">]>" + doc("UTF-8", "&b;")), "&b;"},
	{"comments", []byte(doc("UTF-8", "x<!-- <Name>y</Name> -->")), "x"},
}

func TestParseXML(t *testing.T) {
	for _, d := range documents {
		t.Run(d.name, func(t *testing.T) {
			n := parseXML(d.raw)
			if n == nil || n.name != "Response" || n.get("CmdType") != "Catalog" || n.number("SN", 0) != 17 {
				t.Fatalf("document %+v", n)
			}
			list := n.child("DeviceList")
			if list == nil || len(list.children) == 0 || list.attrs["Num"] != "1" {
				t.Fatalf("list %+v", list)
			}
			c, ok := channelOf(list.children[0], "1")
			if !ok || c.Name != d.want {
				t.Errorf("channel %+v", c)
			}
		})
	}
}

func FuzzXML(f *testing.F) {
	for _, d := range documents {
		f.Add(d.raw)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		n := parseXML(data)
		if n == nil {
			return
		}
		size := 0
		var count func(n *node, depth int)
		count = func(n *node, depth int) {
			if depth > maxDepth+1 {
				t.Fatalf("depth %d", depth)
			}
			size += len(n.name) + len(n.text)
			for _, c := range n.children {
				_, _ = channelOf(c, "1")
				count(c, depth+1)
			}
		}
		count(n, 0)
		if size > 4*len(data)+100 {
			t.Errorf("%d bytes of text from %d", size, len(data))
		}
	})
}

var descriptions = []struct {
	name, text string
	media      string // address and port, empty where nobody could connect
	ssrc       uint32
	codec      string // of payload type 96
}{
	{"right", "v=0\r\nc=IN IP4 192.0.2.1\r\nm=video 15060 TCP/RTP/AVP 96\r\na=setup:passive\r\na=rtpmap:96 PS/90000\r\ny=0200000001\r\n", "192.0.2.1:15060", 200000001, "PS"},
	{"CR CR LF, port 0, no number", "v=0\r\r\nc=IN IP6 ::1\r\r\nm=video 0 RTP/AVP 96 98\r\r\ny=x\r\r\n", "", 0, ""},
	{"c= after m=, and sound first", "m=audio 1 RTP/AVP 8\nc=IN IP4 192.0.2.9\nm=video 2 RTP/AVP 96\nc=IN IP4 192.0.2.1/127\na=rtpmap:96 h264/90000", "192.0.2.1:2", 0, "H264"},
	{"no c=", "m=video 2 RTP/AVP 96\r\ny=0\r\n", "192.0.2.7:2", 0, ""},
	{"an address behind a NAT", "c=IN IP4 10.0.0.1\r\nm=video 2 RTP/AVP 96\r\n", "192.0.2.7:2", 0, ""},
	{"nothing", "", "", 0, ""},
}

func TestParseSDP(t *testing.T) {
	for _, c := range descriptions {
		d := parseSDP([]byte(c.text))
		at, err := mediaAddr(d, peer{addr: "192.0.2.7:5060"})
		if got := at.String(); err == nil && got != c.media || (err != nil) != (c.media == "") || d.ssrc != c.ssrc || d.codecs[96] != c.codec {
			t.Errorf("%s: %s, %v, %+v", c.name, got, err, d)
		}
	}
}

func FuzzSDP(f *testing.F) {
	for _, c := range descriptions {
		f.Add([]byte(c.text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := parseSDP(data)
		_, _ = mediaAddr(d, peer{addr: "192.0.2.1:5060"})
	})
}

func packetOf(sequence int, ssrc uint32, payload string) []byte {
	b := []byte{0x80, 96}
	b = binary.BigEndian.AppendUint16(b, uint16(sequence))
	b = binary.BigEndian.AppendUint32(b, 1000)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	return append(b, payload...)
}

func framed(dollar bool, packets ...[]byte) []byte {
	var out []byte
	for _, p := range packets {
		if dollar {
			out = append(out, '$', 0)
		}
		out = append(binary.BigEndian.AppendUint16(out, uint16(len(p))), p...)
	}
	return out
}

var streams = []struct {
	name string
	raw  []byte
	want string
}{
	{"plain", framed(false, packetOf(1, 7, "abc"), packetOf(2, 7, "def")), "abcdef"},
	{"dollar", framed(true, packetOf(1, 7, "abc"), packetOf(2, 7, "def")), "abcdef"},
	{"EHOME", append(append([]byte{1, 0, 2}, make([]byte, 253)...), framed(false, packetOf(1, 7, "abc"), packetOf(2, 7, "def"))...), "abcdef"},
	{"empty and short frames", append(append(framed(false, packetOf(1, 7, "abc")), 0, 0, 0, 4, 1, 2, 3, 4), framed(false, packetOf(2, 7, "def"))...), "abcdef"},
	{"garbage between", append(append(framed(false, packetOf(1, 7, "abc"), packetOf(2, 7, "def")), "garbage garbage"...), framed(false, packetOf(3, 7, "ghi"), packetOf(4, 7, "jkl"))...), "abcdefghijkl"},
}

func TestFramer(t *testing.T) {
	for _, s := range streams {
		for _, step := range []int{1, 5, 1 << 16} {
			var f framer
			got := ""
			for raw := s.raw; len(raw) > 0; {
				n := copy(f.space(), raw[:min(step, len(raw))])
				raw = raw[n:]
				if err := f.add(n, func(b []byte) {
					if p, ok := parsePacket(b); ok {
						got += string(p.payload)
					}
				}); err != nil {
					t.Fatal(err)
				}
			}
			if got != s.want {
				t.Errorf("%s by %d: %q, want %q", s.name, step, got, s.want)
			}
		}
	}
}

func FuzzFraming(f *testing.F) {
	for _, s := range streams {
		f.Add(s.raw, uint8(3))
	}
	f.Fuzz(func(t *testing.T, data []byte, step uint8) {
		var fr framer
		total := 0
		for raw := data; len(raw) > 0; {
			n := copy(fr.space(), raw[:min(int(step)+1, len(raw))])
			raw = raw[n:]
			if fr.add(n, func(b []byte) {
				total += len(b)
				_, _ = parsePacket(b)
			}) != nil {
				break
			}
		}
		if total > len(data) {
			t.Errorf("%d bytes of packets from %d", total, len(data))
		}
	})
}

func TestSequencer(t *testing.T) {
	for _, c := range []struct {
		name    string
		reorder bool
		in      []int
		want    []int // sequence numbers, a gap before one as its negative size
	}{
		{"in order", true, []int{65534, 65535, 0, 1}, []int{65534, 65535, 0, 1}},
		{"reordered", true, []int{1, 3, 2, 4}, []int{1, 2, 3, 4}},
		{"twice", true, []int{1, 2, 2, 1, 3}, []int{1, 2, 3}},
		{"lost over TCP", false, []int{1, 4, 5}, []int{1, -2, 4, 5}},
		{"a stray", true, []int{1, 30000, 2, 3}, []int{1, 2, 3}},
		{"begun anew", true, []int{1, 2, 30000, 30001, 30002}, []int{1, 2, 0, 30001, 30002}},
	} {
		var got []int
		q := sequencer{reorder: c.reorder}
		q.deliver = func(p packet, lost int) {
			if lost != 0 {
				got = append(got, -max(lost, 0))
			}
			got = append(got, int(p.sequence))
		}
		now := time.Now()
		for _, n := range c.in {
			p, ok := parsePacket(packetOf(n, 7, "x"))
			if !ok {
				t.Fatal("no packet")
			}
			q.push(p, now)
		}
		if len(got) != len(c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
			continue
		}
		for i := range got {
			if got[i] != c.want[i] {
				t.Errorf("%s: %v, want %v", c.name, got, c.want)
				break
			}
		}
	}
}

// A gap is kept open for a while, and then counted.
func TestSequencerGivesUpGaps(t *testing.T) {
	var got []uint16
	q := sequencer{reorder: true, deliver: func(p packet, _ int) { got = append(got, p.sequence) }}
	now := time.Now()
	for _, n := range []int{1, 3, 5} {
		p, _ := parsePacket(packetOf(n, 7, "x"))
		q.push(p, now)
	}
	q.flush(now)
	if len(got) != 1 {
		t.Fatalf("%v before the time", got)
	}
	for range 3 {
		now = now.Add(2 * hold)
		q.flush(now)
	}
	if len(got) != 3 || q.lost != 2 {
		t.Errorf("%v, %d lost", got, q.lost)
	}
}

func FuzzRTP(f *testing.F) {
	f.Add(packetOf(1, 7, "payload"), uint16(3))
	f.Add([]byte{0xb0, 0xe0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 0xbe, 0xde, 0xff, 0xff, 9}, uint16(1))
	f.Add([]byte{0xaf, 96, 0, 1, 0, 0, 0, 1, 0, 0, 0, 2, 200}, uint16(60000))
	f.Fuzz(func(t *testing.T, data []byte, jump uint16) {
		delivered := 0
		q := sequencer{reorder: jump%2 == 0, deliver: func(packet, int) { delivered++ }}
		now := time.Now()
		pushed := 0
		for i := range 200 {
			p, ok := parsePacket(data)
			if !ok {
				return
			}
			p.sequence += uint16(i) * jump
			q.push(p, now)
			pushed++
			now = now.Add(time.Millisecond)
			q.flush(now)
		}
		if delivered > pushed || q.held > window {
			t.Errorf("%d of %d, %d held", delivered, pushed, q.held)
		}
	})
}
