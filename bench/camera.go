package main

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/pion/rtp"

	"sightline/relay/media"
	"sightline/relay/rtsp"
)

// camera is an RTSP camera on loopback that plays the clip for ever, over TCP
// or UDP, and stamps each picture with the time at which it begins to send it.
type camera struct {
	clip     *clip
	listener net.Listener
	url      string
	end      context.CancelFunc
	done     sync.WaitGroup
}

func startCamera(ctx context.Context, c *clip) (*camera, error) {
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	ctx, end := context.WithCancel(ctx)
	cam := &camera{clip: c, listener: l, url: "rtsp://" + l.Addr().String() + "/clip", end: end}
	cam.done.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			cam.done.Go(func() { cam.serve(ctx, conn) })
		}
	})
	return cam, nil
}

func (c *camera) close() {
	c.end()
	_ = c.listener.Close()
	c.done.Wait()
}

// serve answers one client until it hangs up.
func (c *camera) serve(ctx context.Context, conn net.Conn) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	defer stop()
	defer conn.Close()
	var writing sync.Mutex
	write := func(b []byte) error {
		writing.Lock()
		defer writing.Unlock()
		_, err := conn.Write(b)
		return err
	}
	in := rtsp.NewReader(conn)
	send := write
	for {
		m, err := in.Next()
		if err != nil {
			return
		}
		request, ok := m.(*rtsp.Request)
		if !ok {
			continue // receiver reports
		}
		answer := c.answer(request)
		answer.Header.Add("CSeq", request.Header.Get("CSeq"))
		if ports, ok := clientPorts(request); ok {
			media, err := net.Dial("udp", net.JoinHostPort("127.0.0.1", ports))
			if err != nil {
				return
			}
			defer media.Close()
			send = func(b []byte) error { return datagrams(media, b) }
			_, from, _ := net.SplitHostPort(media.LocalAddr().String())
			answer.Header.Add("Transport", request.Header.Get("Transport")+";server_port="+from+"-"+from)
		}
		b, err := answer.AppendTo(nil)
		if err != nil || write(b) != nil {
			return
		}
		if request.Method == rtsp.Play {
			c.done.Go(func() { c.play(ctx, send) })
		}
	}
}

// clientPorts reads the RTP port of a SETUP that asks for UDP.
func clientPorts(request *rtsp.Request) (port string, ok bool) {
	if request.Method != rtsp.Setup {
		return "", false
	}
	_, rest, ok := strings.Cut(request.Header.Get("Transport"), "client_port=")
	port, _, _ = strings.Cut(rest, "-")
	return port, ok
}

// datagrams sends interleaved packets one by one.
func datagrams(conn net.Conn, interleaved []byte) error {
	for b := interleaved; len(b) >= 4; {
		n := 4 + int(binary.BigEndian.Uint16(b[2:]))
		_, _ = conn.Write(b[4:n]) // nobody listens yet, or any more
		b = b[n:]
	}
	return nil
}

func (c *camera) answer(request *rtsp.Request) *rtsp.Response {
	answer := &rtsp.Response{Status: rtsp.StatusOK}
	switch request.Method {
	case rtsp.Options:
		answer.Header.Add("Public", "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN")
	case rtsp.Describe:
		answer.Header.Add("Content-Base", c.url+"/")
		answer.Header.Add("Content-Type", "application/sdp")
		answer.Body = []byte(c.sdp())
	case rtsp.Setup:
		answer.Header.Add("Session", "bench;timeout=60")
		if _, udp := clientPorts(request); !udp {
			answer.Header.Add("Transport", "RTP/AVP/TCP;unicast;interleaved=0-1")
		}
	case rtsp.Play, rtsp.GetParameter, rtsp.Teardown:
		answer.Header.Add("Session", "bench")
	default:
		answer.Status = rtsp.StatusNotImplemented
	}
	return answer
}

func (c *camera) sdp() string {
	var sets string
	for _, n := range c.clip.units[0].NALUs {
		switch n[0] & 0x1f {
		case 7:
			sets = base64.StdEncoding.EncodeToString(n) + sets
		case 8:
			sets += "," + base64.StdEncoding.EncodeToString(n)
		}
	}
	return "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=clip\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n" +
		"a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1;sprop-parameter-sets=" + sets + "\r\na=control:video\r\n"
}

// play sends the clip in real time. All packets of a picture leave in one
// write: what is measured is the relay, not this camera's pace.
func (c *camera) play(ctx context.Context, write func([]byte) error) {
	begun := time.Now()
	head := rtp.Header{Version: 2, PayloadType: 96, SSRC: 1}
	var wire []byte
	for n := 0; ; n++ {
		due := begun.Add(time.Duration(n) * time.Second / clipFPS)
		if pause(ctx, time.Until(due)) != nil {
			return
		}
		u := c.clip.units[n%len(c.clip.units)]
		head.Timestamp = uint32(n * clipTicks)
		var err error
		if wire, err = appendPicture(wire[:0], &head, u.NALUs, time.Now()); err != nil || write(wire) != nil {
			return
		}
	}
}

// appendPicture appends a stamped picture as interleaved RTP packets.
func appendPicture(b []byte, head *rtp.Header, nalus [][]byte, at time.Time) ([]byte, error) {
	var withStamp [][]byte
	for i, n := range nalus {
		if kind := n[0] & 0x1f; kind == 1 || kind == 5 { // before the first slice
			withStamp = append(append(withStamp, stamped(at)), nalus[i:]...)
			break
		}
		withStamp = append(withStamp, n)
	}
	payloads := media.Packetize(withStamp)
	if len(payloads) == 0 {
		return b, errors.New("a picture without a slice")
	}
	for i, p := range payloads {
		head.Marker = i == len(payloads)-1
		packet, err := (&rtp.Packet{Header: *head, Payload: p}).Marshal()
		if err != nil {
			return b, err
		}
		if b, err = (&rtsp.Frame{Payload: packet}).AppendTo(b); err != nil {
			return b, fmt.Errorf("a packet of %d bytes: %w", len(packet), err)
		}
		head.SequenceNumber++
	}
	return b, nil
}
