package mpegps

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
)

// picture makes a picture of about n bytes in Annex B form; key pictures have
// parameter sets.
func picture(i, n int, key bool) []byte {
	r := rand.New(rand.NewPCG(uint64(i), 1))
	var es []byte
	if key {
		es = append(es, 0, 0, 0, 1, 0x67, 66, 0xc0, 30, 0xd9, 0, 0, 0, 1, 0x68, 0xce, 0x3c, 0x80, 0, 0, 0, 1, 0x65, 0x88)
	} else {
		es = append(es, 0, 0, 0, 1, 0x41, 0x9a)
	}
	for len(es) < n {
		es = append(es, byte(1+r.IntN(255))) // no zeros, so no start codes
	}
	return es
}

type got struct {
	pts     int64
	damaged bool
	data    []byte
	codec   Codec
}

func collect(out *[]got) func(*Frame) {
	return func(f *Frame) {
		if isVideo(f.Stream) {
			*out = append(*out, got{f.PTS, f.Damaged, bytes.Clone(f.Data), f.Codec})
		}
	}
}

// stream makes count pictures, a key frame each ten.
func stream(m *Muxer, count int) (packs, pictures [][]byte) {
	for i := range count {
		key := i%10 == 0
		n := 3000
		if key {
			n = 150000
		}
		es := picture(i, n, key)
		pictures = append(pictures, es)
		p := m.Picture(nil, es, int64(i+1)*3600, key)
		if m.Audio != Unknown {
			p = m.Sound(p, bytes.Repeat([]byte{0xd5}, 320), int64(i+1)*3600)
		}
		packs = append(packs, p)
	}
	return packs, pictures
}

var quirks = map[string]Muxer{
	"plain":       {},
	"small":       {PESSize: 1400},
	"audio":       {Audio: PCMA},
	"small audio": {Audio: AAC, PESSize: 1400},
	"no map":      {Quirks: NoMap},
	"bad crc":     {Quirks: BadMapCRC},
	"bad length":  {Quirks: BadMapLength},
	"zero length": {Quirks: ZeroLength},
	"lying":       {Quirks: ShortLength},
	"private":     {Quirks: PrivateData},
	"map audio":   {Quirks: MapAudio},
	"end code":    {Quirks: MarkEnd},
	"all":         {Audio: PCMA, Quirks: BadMapCRC | BadMapLength | ZeroLength | PrivateData | MarkEnd},
}

func TestRoundTrip(t *testing.T) {
	for name, m := range quirks {
		for _, chunk := range []int{1, 7, 1400, 1 << 20} {
			t.Run(fmt.Sprintf("%s/%d", name, chunk), func(t *testing.T) {
				packs, pictures := stream(&m, 25)
				all := bytes.Join(packs, nil)
				var out []got
				d := Demuxer{OnFrame: collect(&out)}
				for len(all) > 0 {
					n := min(chunk, len(all))
					d.Write(all[:n])
					all = all[n:]
				}
				d.Flush()
				check(t, out, pictures)
			})
		}
	}
}

func check(t *testing.T, out []got, pictures [][]byte) {
	t.Helper()
	if len(out) != len(pictures) {
		t.Fatalf("%d pictures of %d", len(out), len(pictures))
	}
	for i, g := range out {
		if !bytes.Equal(g.data, pictures[i]) {
			t.Fatalf("picture %d: %d bytes, want %d", i, len(g.data), len(pictures[i]))
		}
		if g.pts != int64(i+1)*3600 || g.damaged || g.codec != H264 {
			t.Fatalf("picture %d: %d %v %q", i, g.pts, g.damaged, g.codec)
		}
	}
}

// Lost packets never give a picture with a hole in it: the next one after a
// loss is marked, and what is not marked is whole.
func TestLoss(t *testing.T) {
	for name, m := range quirks {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(8) {
				r := rand.New(rand.NewPCG(seed, 2))
				packs, pictures := stream(&m, 60)
				var out []got
				d := Demuxer{OnFrame: collect(&out)}
				lostSince, lossy := false, 0
				for _, p := range packs {
					for len(p) > 0 {
						n := min(1400, len(p))
						if r.IntN(40) == 0 {
							lostSince = true
							lossy++
						} else {
							if lostSince {
								d.Lost()
								lostSince = false
							}
							d.Write(p[:n])
							if n == len(p) {
								d.Marker()
							}
						}
						p = p[n:]
					}
				}
				if lostSince {
					d.Lost()
				}
				d.Flush()
				if lossy == 0 || len(out) < 5 {
					t.Fatalf("%d losses, %d pictures", lossy, len(out))
				}
				last := int64(0)
				for _, g := range out {
					want := pictures[g.pts/3600-1]
					if !bytes.HasSuffix(want, g.data) || !g.damaged && (len(g.data) != len(want) || g.pts != last+3600 && last != 0) {
						t.Fatalf("picture %d after %d: %d bytes of %d, damaged %v", g.pts/3600, last/3600, len(g.data), len(want), g.damaged)
					}
					last = g.pts
				}
			}
		})
	}
}

// A sender whose marks are right gets its pictures out without waiting for the
// next; one whose marks lie does not.
func TestMarker(t *testing.T) {
	m := Muxer{}
	packs, pictures := stream(&m, 40)
	var out []got
	d := Demuxer{OnFrame: collect(&out)}
	for i, p := range packs {
		d.Write(p)
		d.Marker()
		if i > trustedMarks+1 && len(out) != i+1 {
			t.Fatalf("%d pictures after %d", len(out), i+1)
		}
	}
	check(t, out, pictures)

	out = nil
	d = Demuxer{OnFrame: collect(&out)}
	for _, p := range packs {
		for len(p) > 0 {
			n := min(1400, len(p))
			d.Write(p[:n])
			d.Marker() // after each packet
			p = p[n:]
		}
	}
	d.Flush()
	check(t, out, pictures)
}

func TestWrap(t *testing.T) {
	m := Muxer{}
	var out []got
	d := Demuxer{OnFrame: collect(&out)}
	for i := range int64(20) {
		d.Write(m.Picture(nil, picture(int(i), 500, i == 0), (1<<33-10*3600+i*3600)&(1<<33-1), i == 0))
	}
	d.Flush()
	for i, g := range out {
		if i > 0 && g.pts != out[i-1].pts+3600 {
			t.Fatalf("picture %d at %d after %d", i, g.pts, out[i-1].pts)
		}
	}
	if len(out) != 20 {
		t.Fatalf("%d pictures", len(out))
	}
}

func TestMidPackStart(t *testing.T) {
	m := Muxer{}
	packs, pictures := stream(&m, 25)
	var out []got
	d := Demuxer{OnFrame: collect(&out)}
	d.Write(packs[0][777:])
	for _, p := range packs[1:] {
		d.Write(p)
	}
	d.Flush()
	if len(out) != 24 || !bytes.Equal(out[0].data, pictures[1]) {
		t.Fatalf("%d pictures", len(out))
	}
}

func TestSniff(t *testing.T) {
	for _, c := range []struct {
		es   []byte
		want Codec
	}{
		{[]byte{0, 0, 0, 1, 0x40, 1, 0xc, 1, 0xff}, H265},
		{[]byte{0, 0, 1, 0x67, 66, 0, 30, 1, 1}, H264},
		{[]byte{0, 0, 0, 1, 0x5c, 66, 0, 30, 1}, SVAC},
		{[]byte{0, 0, 0, 1, 0x41, 0x9a, 0, 30, 1}, Unknown},
	} {
		m := Muxer{Quirks: NoMap}
		var out []got
		d := Demuxer{OnFrame: collect(&out)}
		d.Write(m.Picture(nil, c.es, 3600, true))
		d.Flush()
		if len(out) != 1 || out[0].codec != c.want {
			t.Errorf("% x: %+v, want %q", c.es, out, c.want)
		}
	}
}

func TestSteadyStateDoesNotAllocate(t *testing.T) {
	for name, m := range quirks {
		packs, _ := stream(&m, 30)
		n := 0
		d := Demuxer{OnFrame: func(*Frame) { n++ }}
		play := func() {
			for _, p := range packs {
				for len(p) > 0 {
					k := min(1400, len(p))
					d.Write(p[:k])
					p = p[k:]
				}
				d.Marker()
			}
		}
		play()
		if a := testing.AllocsPerRun(3, play); a > 0 {
			t.Errorf("%s: %v allocations", name, a)
		}
	}
}

// BenchmarkDemux reads pictures of the sizes of 3 Mbit/s at 30 a second. Their
// bytes are as even as those of an encoder: zeros are among them, since those
// are what a reader stops at, but no start codes.
func BenchmarkDemux(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 1))
	m := Muxer{}
	var all []byte
	for i := range 60 {
		key, size := i == 0, 11000
		if key {
			size = 90000
		}
		es := picture(i, 32, key)
		for len(es) < size {
			if c := byte(r.IntN(256)); c > 3 || es[len(es)-1] != 0 {
				es = append(es, c)
			}
		}
		all = m.Picture(all, es, int64(i+1)*3000, key)
	}
	d := Demuxer{OnFrame: func(*Frame) {}}
	b.SetBytes(int64(len(all)))
	b.ReportAllocs()
	for b.Loop() {
		for p := all; len(p) > 0; {
			n := min(1400, len(p))
			d.Write(p[:n])
			p = p[n:]
		}
	}
}

func FuzzDemux(f *testing.F) {
	for _, m := range quirks {
		packs, _ := stream(&m, 2)
		for _, p := range packs {
			f.Add(p[:min(len(p), 300)], uint16(7)) // short, or minimising takes all the time
		}
	}
	f.Add([]byte{0, 0, 1, 0xba, 0, 0, 1, 0xbc, 0xff, 0xff, 0, 0, 1, 0xe0, 0, 0}, uint16(3))
	f.Fuzz(func(t *testing.T, data []byte, step uint16) {
		total := 0
		d := Demuxer{OnFrame: func(f *Frame) { total += len(f.Data) }}
		for i, p := 0, data; len(p) > 0; i++ {
			n := min(int(step%1500)+1, len(p))
			d.Write(p[:n])
			switch p = p[n:]; i % 5 {
			case 2:
				d.Marker()
			case 4:
				d.Lost()
			}
		}
		d.Flush()
		if total > len(data) {
			t.Fatalf("%d bytes of pictures from %d", total, len(data))
		}
	})
}

func TestLargePicture(t *testing.T) {
	for _, m := range []Muxer{{}, {PESSize: 1400}, {Quirks: ZeroLength}, {Quirks: ShortLength}} {
		es := picture(0, 5<<20, true)
		var out []got
		d := Demuxer{OnFrame: collect(&out)}
		for p := m.Picture(m.Picture(nil, es, 3600, true), picture(1, 100, false), 7200, false); len(p) > 0; {
			n := min(1400, len(p))
			d.Write(p[:n])
			p = p[n:]
		}
		if len(out) != 1 || !bytes.Equal(out[0].data, es) {
			t.Errorf("%d pictures", len(out))
		}
	}
}

// A picture without an end does not take all memory, and the stream goes on.
func TestEndlessPicture(t *testing.T) {
	m := Muxer{Quirks: ZeroLength}
	var out []got
	d := Demuxer{OnFrame: collect(&out)}
	d.Write(m.Picture(nil, picture(0, 1000, true), 3600, true))
	junk := bytes.Repeat([]byte{7}, 1<<20)
	for range 40 {
		d.Write(junk)
	}
	if cap(d.video.data) > 3*maxFrame || cap(d.buf) > 4<<20 {
		t.Errorf("%d and %d bytes are kept", cap(d.video.data), cap(d.buf))
	}
	d.Write(m.Picture(nil, picture(1, 1000, true), 7200, true))
	d.Write(m.Picture(nil, picture(2, 1000, true), 10800, true))
	if len(out) != 1 || out[0].pts != 7200 || !out[0].damaged {
		t.Errorf("%d pictures", len(out))
	}
}

func TestCodecChange(t *testing.T) {
	a, b := Muxer{}, Muxer{Codec: H265}
	var out []got
	d := Demuxer{OnFrame: collect(&out)}
	d.Write(a.Picture(nil, picture(0, 1000, true), 3600, true))
	d.Write(b.Picture(nil, []byte{0, 0, 0, 1, 0x40, 1, 0xc, 1, 0xff, 0xff}, 7200, true))
	d.Write(a.Picture(nil, picture(1, 1000, true), 10800, true))
	d.Flush()
	if len(out) != 3 || out[0].codec != H264 || out[1].codec != H265 || out[2].codec != H264 {
		t.Errorf("%+v", out)
	}
}
