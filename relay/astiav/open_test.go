package astiav_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/asticode/go-astiav"
)

func TestOpenInputErrors(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, content, 0o600))
		return path
	}
	noise := make([]byte, 1<<16)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for _, c := range []struct {
		name, url string
		want      error
	}{
		{"noise", file("noise.bin", noise), astiav.ErrInvaliddata},
		{"noise named mp4", file("noise.mp4", noise), astiav.ErrInvaliddata},
		{"text", file("text.mp4", []byte(strings.Repeat("this is no video\n", 100))), astiav.ErrInvaliddata},
		{"empty", file("empty.mp4", nil), astiav.ErrInvaliddata},
		{"missing", filepath.Join(dir, "missing.mp4"), astiav.ErrEnoent},
		{"unknown protocol", "nosuchprotocol://host/path", astiav.ErrProtocolNotFound},
		{"empty url", "", astiav.ErrEnoent},
	} {
		t.Run(c.name, func(t *testing.T) {
			fc := astiav.AllocFormatContext()
			err := fc.OpenInput(c.url, nil, nil)
			if !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if fc.Class() != nil {
				t.Error("the context outlives its failure")
			}
			fc.CloseInput()
			fc.Free()
			if err := fc.OpenInput(c.url, nil, nil); err == nil {
				t.Error("a released context opens")
			}
		})
	}
}

func TestOpenInputWithForcedFormat(t *testing.T) {
	if astiav.FindInputFormat("no such format") != nil {
		t.Error("an unknown format is found")
	}
	f := astiav.FindInputFormat("mp4")
	if f == nil || !strings.Contains(f.Name(), "mp4") || f.LongName() == "" {
		t.Fatalf("mp4: %v", f)
	}
	fc := astiav.AllocFormatContext()
	defer fc.CloseInput()
	ok(t, fc.OpenInput(clips(t)[0], f, nil))
}

func TestOpenInputLeavesUnknownOptions(t *testing.T) {
	d := astiav.NewDictionary()
	defer d.Free()
	ok(t, d.Set("probesize", "500000", 0))
	ok(t, d.Set("nosuchoption", "1", 0))
	fc := astiav.AllocFormatContext()
	defer fc.CloseInput()
	ok(t, fc.OpenInput(clips(t)[0], nil, d))
	if d.Get("probesize", nil, 0) != nil {
		t.Error("probesize was not used")
	}
	if e := d.Get("nosuchoption", nil, 0); e == nil || e.Value() != "1" {
		t.Error("nosuchoption is not left")
	}
	ok(t, fc.FindStreamInfo(d))
}

// silentServer accepts connections and never answers.
func silentServer(t *testing.T) (addr string, accepted <-chan struct{}) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ok(t, err)
	ch := make(chan struct{}, 1)
	done := make(chan struct{})
	go func() {
		defer close(done)
		var conns []net.Conn
		for {
			c, err := l.Accept()
			if err != nil {
				break
			}
			conns = append(conns, c)
			select {
			case ch <- struct{}{}:
			default:
			}
		}
		for _, c := range conns {
			c.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String(), ch
}

func TestInterruptEndsBlockingOpen(t *testing.T) {
	for _, scheme := range []string{"rtsp", "http", "rtmp", "tcp"} {
		t.Run(scheme, func(t *testing.T) {
			addr, accepted := silentServer(t)
			i := astiav.NewIOInterrupter()
			defer i.Free()
			fc := astiav.AllocFormatContext()
			defer fc.CloseInput()
			fc.SetIOInterrupter(i)
			result := make(chan error, 1)
			go func() { result <- fc.OpenInput(scheme+"://"+addr+"/stream", nil, nil) }()
			<-accepted
			select {
			case err := <-result:
				t.Fatalf("open did not block: %v", err)
			default:
			}
			i.Interrupt()
			select {
			case err := <-result:
				// The RTSP client of some FFmpeg releases calls the cut answer invalid.
				if !errors.Is(err, astiav.ErrExit) && !(scheme == "rtsp" && errors.Is(err, astiav.ErrInvaliddata)) {
					t.Errorf("error %v, want %v", err, astiav.ErrExit)
				}
			case <-time.After(time.Minute):
				t.Fatal("open still blocks")
			}
		})
	}
}

func TestInterrupterState(t *testing.T) {
	i := astiav.NewIOInterrupter()
	if i.Interrupted() {
		t.Error("interrupted when new")
	}
	i.Interrupt()
	if !i.Interrupted() {
		t.Error("not interrupted")
	}
	fc := astiav.AllocFormatContext()
	fc.SetIOInterrupter(i)
	if err := fc.OpenInput("tcp://127.0.0.1:9", nil, nil); !errors.Is(err, astiav.ErrExit) {
		t.Errorf("error %v, want %v", err, astiav.ErrExit)
	}
	i.Resume()
	if i.Interrupted() {
		t.Error("still interrupted")
	}
	i.Free()
	i.Interrupt()
	if i.Interrupted() {
		t.Error("a freed interrupter is interrupted")
	}
	i.Free()
}

func TestReadFrameFromGoFunctions(t *testing.T) {
	data, err := os.ReadFile(clips(t)[0])
	ok(t, err)
	want := 0
	fc, s := open(t, clips(t)[0])
	packets(t, fc, s, 0, func(*astiav.Packet) { want++ })

	r := bytes.NewReader(data)
	seek := func(offset int64, whence int) (int64, error) {
		if whence == 0x10000 { // AVSEEK_SIZE
			return r.Size(), nil
		}
		return r.Seek(offset, whence)
	}
	ic, err := astiav.AllocIOContext(4096, false, r.Read, seek, nil)
	ok(t, err)
	defer ic.Free()
	fc2 := astiav.AllocFormatContext()
	defer fc2.CloseInput()
	fc2.SetPb(ic)
	ok(t, fc2.OpenInput("", nil, nil))
	if fc2.Pb() != ic {
		t.Error("Pb is another stream")
	}
	ok(t, fc2.FindStreamInfo(nil))
	s2, _, err := fc2.FindBestStream(astiav.MediaTypeVideo, -1, -1)
	ok(t, err)
	got := 0
	packets(t, fc2, s2, 0, func(*astiav.Packet) { got++ })
	if got != want {
		t.Errorf("%d packets, from the file %d", got, want)
	}
	fc2.CloseInput()
	ic.Free()
	ic.Free()
}

func TestReadErrorReachesCaller(t *testing.T) {
	for _, c := range []struct {
		name string
		read astiav.IOContextReadFunc
		want error
	}{
		{"code", func([]byte) (int, error) { return 0, astiav.ErrEtimedout }, astiav.ErrEtimedout},
		{"no progress", func([]byte) (int, error) { return 0, nil }, astiav.ErrEio},
		{"other", func([]byte) (int, error) { return 0, os.ErrClosed }, astiav.ErrUnknown},
	} {
		t.Run(c.name, func(t *testing.T) {
			ic, err := astiav.AllocIOContext(4096, false, c.read, nil, nil)
			ok(t, err)
			defer ic.Free()
			if _, err := ic.Read(make([]byte, 16)); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
		})
	}
	if _, err := astiav.AllocIOContext(0, false, nil, nil, nil); err == nil {
		t.Error("a buffer of 0 bytes is accepted")
	}
}

func FuzzOpenInput(f *testing.F) {
	f.Add([]byte("FLV\x01\x01\x00\x00\x00\x09\x00\x00\x00\x00"))
	f.Add([]byte("\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom\x00\x00\x00\x08mdat"))
	f.Add([]byte("RIFF\x04\x00\x00\x00AVI "))
	f.Add(bytes.Repeat([]byte{0x47, 0x40, 0, 0x10}, 188))
	f.Fuzz(func(t *testing.T, data []byte) {
		ic, err := astiav.AllocIOContext(4096, false, bytes.NewReader(data).Read, nil, nil)
		ok(t, err)
		defer ic.Free()
		fc := astiav.AllocFormatContext()
		defer fc.CloseInput()
		fc.SetPb(ic)
		if fc.OpenInput("", nil, nil) != nil {
			return
		}
		p := astiav.AllocPacket()
		defer p.Free()
		for range 100 {
			if fc.ReadFrame(p) != nil {
				return
			}
			if i := p.StreamIndex(); i >= len(fc.Streams()) || len(p.Data()) != p.Size() {
				t.Fatalf("stream %d of %d, %d bytes of %d", i, len(fc.Streams()), len(p.Data()), p.Size())
			}
			p.Unref()
		}
	})
}
