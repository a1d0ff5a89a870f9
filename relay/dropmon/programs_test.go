package dropmon

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"
)

// pattern says which of the matching packets an injector drops.
type pattern string

const (
	always   pattern = "always"
	periodic pattern = "periodic"        // every third
	burst    pattern = "burst"           // ten of every fifty
	iid      pattern = "iid"             // one in ten, by chance
	gilbert  pattern = "gilbert-elliott" // bad times of five packets on average
)

// injector is a program that drops packets, and its own count of them.
type injector struct {
	t     testing.TB
	prog  *ebpf.Program
	state *ebpf.Map // seen, dropped, bad
}

func (i *injector) dropped() uint64 {
	i.t.Helper()
	var v [3]uint64
	if err := i.state.Lookup(uint32(0), &v); err != nil {
		i.t.Fatal(err)
	}
	return v[1]
}

// decide follows a match: it jumps to "pass", or falls through after counting
// the packet that is to be dropped.
func decide(state *ebpf.Map, p pattern) asm.Instructions {
	is := asm.Instructions{
		asm.StoreImm(asm.RFP, -4, 0, asm.Word),
		asm.LoadMapPtr(asm.R1, state.FD()),
		asm.Mov.Reg(asm.R2, asm.RFP),
		asm.Add.Imm(asm.R2, -4),
		asm.FnMapLookupElem.Call(),
		asm.JEq.Imm(asm.R0, 0, "pass"),
		asm.Mov.Reg(asm.R8, asm.R0),
		asm.LoadMem(asm.R7, asm.R8, 0, asm.DWord),
		asm.Mov.Reg(asm.R1, asm.R7),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R8, 0, asm.R1, asm.DWord),
	}
	chance := asm.Instructions{asm.FnGetPrandomU32.Call(), asm.Mov.Reg32(asm.R0, asm.R0)}
	switch p {
	case periodic:
		is = append(is, asm.Mod.Imm(asm.R7, 3), asm.JNE.Imm(asm.R7, 0, "pass"))
	case burst:
		is = append(is, asm.Mod.Imm(asm.R7, 50), asm.JGE.Imm(asm.R7, 10, "pass"))
	case iid:
		is = append(append(is, chance...), asm.Mod.Imm(asm.R0, 10), asm.JNE.Imm(asm.R0, 0, "pass"))
	case gilbert:
		is = append(append(is, chance...),
			asm.LoadMem(asm.R1, asm.R8, 16, asm.DWord),
			asm.JNE.Imm(asm.R1, 0, "bad"),
			asm.Mod.Imm(asm.R0, 50),
			asm.JNE.Imm(asm.R0, 0, "pass"),
			asm.Mov.Imm(asm.R1, 1),
			asm.StoreMem(asm.R8, 16, asm.R1, asm.DWord),
			asm.Ja.Label("drop"),
			asm.Mod.Imm(asm.R0, 5).WithSymbol("bad"),
			asm.JNE.Imm(asm.R0, 0, "drop"),
			asm.Mov.Imm(asm.R1, 0),
			asm.StoreMem(asm.R8, 16, asm.R1, asm.DWord),
			asm.Ja.Label("pass"),
		)
	}
	return append(is,
		asm.LoadMem(asm.R1, asm.R8, 8, asm.DWord).WithSymbol("drop"),
		asm.Add.Imm(asm.R1, 1),
		asm.StoreMem(asm.R8, 8, asm.R1, asm.DWord),
	)
}

// build makes an injector of its parts: the match (jumping to "pass"), and the
// verdicts.
func build(t testing.TB, spec ebpf.ProgramSpec, match asm.Instructions, p pattern, pass, drop int32) *injector {
	t.Helper()
	state, err := ebpf.NewMap(&ebpf.MapSpec{Type: ebpf.Array, KeySize: 4, ValueSize: 24, MaxEntries: 1})
	if err != nil {
		t.Fatal(err)
	}
	is := asm.Instructions{asm.Mov.Reg(asm.R6, asm.R1)}
	is = append(append(is, match...), decide(state, p)...)
	spec.Instructions = append(is,
		asm.Mov.Imm(asm.R0, drop),
		asm.Return(),
		asm.Mov.Imm(asm.R0, pass).WithSymbol("pass"),
		asm.Return(),
	)
	spec.License = "GPL"
	prog, err := ebpf.NewProgram(&spec)
	if err != nil {
		t.Fatalf("injector: %+v", err)
	}
	t.Cleanup(func() { _ = prog.Close(); _ = state.Close() })
	return &injector{t: t, prog: prog, state: state}
}

// Offsets of the UDP destination port behind an Ethernet header.
const (
	port4 = 14 + 20 + 2
	port6 = 14 + 40 + 2
)

// tcDrop is a classifier for tcx that drops packets to a port.
func tcDrop(t testing.TB, offset int32, port uint16, p pattern) *injector {
	t.Helper()
	const tcxPass, tcxDrop = 0, 2
	return build(t, ebpf.ProgramSpec{Type: ebpf.SchedCLS}, asm.Instructions{
		asm.LoadAbs(offset, asm.Half),
		asm.JNE.Imm(asm.R0, int32(port), "pass"),
	}, p, tcxPass, tcxDrop)
}

// xdpDrop drops packets to a port before they have a buffer of their own.
func xdpDrop(t testing.TB, port uint16, p pattern) *injector {
	t.Helper()
	const xdpDrop, xdpPass = 1, 2
	return build(t, ebpf.ProgramSpec{Type: ebpf.XDP}, asm.Instructions{
		asm.LoadMem(asm.R2, asm.R6, 0, asm.Word),
		asm.LoadMem(asm.R3, asm.R6, 4, asm.Word),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, port4+2),
		asm.JGT.Reg(asm.R4, asm.R3, "pass"),
		asm.LoadMem(asm.R2, asm.R2, port4, asm.Half),
		asm.HostTo(asm.BE, asm.R2, asm.Half),
		asm.JNE.Imm(asm.R2, int32(port), "pass"),
	}, p, xdpPass, xdpDrop)
}

// netfilterDrop drops packets of one length.
func netfilterDrop(t testing.TB, length int, p pattern) *injector {
	t.Helper()
	types, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	const nfDrop, nfAccept = 0, 1
	return build(t, ebpf.ProgramSpec{Type: ebpf.Netfilter, AttachType: ebpf.AttachNetfilter}, asm.Instructions{
		asm.LoadMem(asm.R2, asm.R6, 8, asm.DWord), // struct bpf_nf_ctx.skb
		asm.LoadMem(asm.R2, asm.R2, int16(memberOffset(t, types, "sk_buff", "len")), asm.Word),
		asm.JNE.Imm(asm.R2, int32(length), "pass"),
	}, p, nfAccept, nfDrop)
}

// socketDrop is a filter of one socket.
func socketDrop(t testing.TB, p pattern) *injector {
	t.Helper()
	return build(t, ebpf.ProgramSpec{Type: ebpf.SocketFilter}, nil, p, 0xffff, 0)
}

// slow is a classifier that spends time on each packet.
func slow(t testing.TB) *ebpf.Program {
	t.Helper()
	prog, err := ebpf.NewProgram(&ebpf.ProgramSpec{Type: ebpf.SchedCLS, License: "GPL", Instructions: asm.Instructions{
		asm.Mov.Imm(asm.R6, 8000),
		asm.FnKtimeGetNs.Call().WithSymbol("again"),
		asm.Sub.Imm(asm.R6, 1),
		asm.JNE.Imm(asm.R6, 0, "again"),
		asm.Mov.Imm(asm.R0, 0),
		asm.Return(),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = prog.Close() })
	return prog
}

// memberOffset finds a member of a kernel structure, in bytes, through
// anonymous members.
func memberOffset(t testing.TB, types *btf.Spec, name, member string) uint32 {
	t.Helper()
	var s *btf.Struct
	if err := types.TypeByName(name, &s); err != nil {
		t.Fatal(err)
	}
	bits, ok := findMember(s.Members, member)
	if !ok {
		t.Fatalf("struct %s has no %s", name, member)
	}
	return bits / 8
}

func findMember(members []btf.Member, name string) (uint32, bool) {
	for _, m := range members {
		if m.Name == name {
			return uint32(m.Offset), true
		}
		if m.Name != "" {
			continue
		}
		var inner []btf.Member
		switch t := btf.UnderlyingType(m.Type).(type) {
		case *btf.Struct:
			inner = t.Members
		case *btf.Union:
			inner = t.Members
		}
		if at, ok := findMember(inner, name); ok {
			return uint32(m.Offset) + at, true
		}
	}
	return 0, false
}
