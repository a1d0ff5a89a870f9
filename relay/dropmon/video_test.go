package dropmon

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"sightline/testkit/network"
)

// videoTypes are those of a kernel whose structures and states lie elsewhere
// than in the program's own declarations.
func videoTypes(t *testing.T) *btf.Spec {
	t.Helper()
	u32 := &btf.Int{Name: "unsigned int", Size: 4}
	pad := func(bytes uint32) btf.Member {
		return btf.Member{Name: "pad", Type: &btf.Array{Index: u32, Type: u32, Nelems: bytes / 4}}
	}
	at := func(name string, typ btf.Type, offset uint32) btf.Member {
		return btf.Member{Name: name, Type: typ, Offset: btf.Bits(offset * 8)}
	}
	device := &btf.Struct{Name: "video_device", Size: 1200, Members: []btf.Member{pad(1100), at("minor", u32, 1104)}}
	fh := &btf.Struct{Name: "v4l2_fh", Size: 64, Members: []btf.Member{pad(16), at("vdev", &btf.Pointer{Target: device}, 16)}}
	queue := &btf.Struct{Name: "vb2_queue", Size: 400, Members: []btf.Member{pad(96), at("owner", &btf.Pointer{Target: &btf.Void{}}, 96)}}
	state := &btf.Enum{Name: "vb2_buffer_state", Size: 4, Values: []btf.EnumValue{
		{Name: "VB2_BUF_STATE_DONE", Value: 5}, {Name: "VB2_BUF_STATE_ERROR", Value: 6}}}
	buffer := &btf.Struct{Name: "vb2_buffer", Size: 320, Members: []btf.Member{
		at("vb2_queue", &btf.Pointer{Target: queue}, 0), at("state", state, 56)}}
	numbered := &btf.Struct{Name: "vb2_v4l2_buffer", Size: 400, Members: []btf.Member{
		at("vb2_buf", buffer, 0), at("sequence", u32, 360)}}
	b, err := btf.NewBuilder([]btf.Type{device, fh, queue, state, buffer, numbered}, nil)
	if err != nil {
		t.Fatal(err)
	}
	spec, err := b.Spec()
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

// objects is kernel memory in which the test lays out a driver's structures.
type objects struct {
	t       *testing.T
	memory  *ebpf.Map
	address uint64
	bytes   [8192]byte
}

func newObjects(t *testing.T) *objects {
	t.Helper()
	o := &objects{t: t}
	var err error
	if o.memory, err = ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: uint32(len(o.bytes)), MaxEntries: 1}); err != nil {
		t.Fatal(err)
	}
	where, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 8, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	// A program that is attached nowhere finds out where the memory is.
	find, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.RawTracepoint, License: "GPL", Instructions: asm.Instructions{
		asm.LoadMapValue(asm.R6, o.memory.FD(), 0),
		asm.LoadMapValue(asm.R7, where.FD(), 0),
		asm.StoreMem(asm.R7, 0, asm.R6, asm.DWord),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = o.memory.Close(); _ = where.Close(); _ = find.Close() })
	if _, err := find.Run(&ebpf.RunOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := where.Lookup(uint32(0), &o.address); err != nil || o.address == 0 {
		t.Fatalf("address %#x: %v", o.address, err)
	}
	return o
}

func (o *objects) put64(at uint64, v uint64) { binary.NativeEndian.PutUint64(o.bytes[at:], v) }
func (o *objects) put32(at uint64, v uint32) { binary.NativeEndian.PutUint32(o.bytes[at:], v) }

// done lays out a finished buffer of a device, and runs the program on it.
func (o *objects) done(v *Video, minor, sequence, state uint32) {
	o.t.Helper()
	const queue, fh, device, buffer = 0, 1024, 2048, 4096
	o.put64(queue+96, o.address+fh)
	o.put64(fh+16, o.address+device)
	o.put32(device+1104, minor)
	o.put64(buffer, o.address+queue)
	o.put32(buffer+56, state)
	o.put32(buffer+360, sequence)
	if err := o.memory.Put(uint32(0), o.bytes[:]); err != nil {
		o.t.Fatal(err)
	}
	if _, err := v.prog.Run(&ebpf.RunOptions{Context: [2]uint64{o.address + queue, o.address + buffer}}); err != nil {
		o.t.Fatal(err)
	}
}

func TestVideoFrames(t *testing.T) {
	network.NeedRoot(t)
	v, err := loadVideo([]*btf.Spec{videoTypes(t)})
	if err != nil {
		t.Fatalf("%+v", err)
	}
	defer v.Close()
	o := newObjects(t)
	release, err := v.Watch(3, "usb")
	if err != nil {
		t.Fatal(err)
	}
	other, err := v.Watch(4, "other")
	if err != nil {
		t.Fatal(err)
	}
	defer other()
	const good, bad = 5, 6
	for _, f := range []struct{ minor, sequence, state uint32 }{
		{3, 100, good}, {3, 101, good}, {3, 102, bad}, {3, 103, bad}, {3, 107, good}, // three missing
		{4, 0, good}, {4, 1, good}, {4, 2, good},
		{9, 5, bad},                // nobody's
		{3, 0, good}, {3, 1, good}, // started anew: no gap
		{3, 3, bad}, // one missing, and this one damaged
	} {
		o.done(v, f.minor, f.sequence, f.state)
	}
	check := func(stream, want string) {
		t.Helper()
		d, err := v.Drops(stream)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]uint64{}
		for _, d := range d {
			got[d.Reason] = d.Packets
		}
		if fmt.Sprint(got) != want {
			t.Errorf("stream %s: %v, want %s", stream, got, want)
		}
	}
	check("usb", "map[VB2_ERROR:3 VB2_SEQUENCE_GAP:4]")
	check("other", "map[]")
	release()
	release()
	o.done(v, 3, 4, bad)
	check("usb", "map[VB2_ERROR:3 VB2_SEQUENCE_GAP:4]")
}

// Without a driver there is nothing to attach to, and the error says so.
func TestNoVideoDriver(t *testing.T) {
	network.NeedRoot(t)
	if v, err := OpenVideo(); err == nil {
		_ = v.Close()
		t.Log("this machine has a video driver")
	} else if !strings.Contains(err.Error(), "dropmon: ") {
		t.Errorf("error: %v", err)
	} else {
		t.Log(err)
	}
}
