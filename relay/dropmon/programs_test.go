package dropmon

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
	"github.com/cilium/ebpf/btf"

	"sightline/testkit/network"
)

// toPort4 is where the UDP destination port is, behind an Ethernet header.
const toPort4 = 14 + 20 + 2

// xdpDrop drops packets to a port before they have a buffer of their own.
func xdpDrop(t testing.TB, port uint16, p network.Pattern) *network.Injector {
	t.Helper()
	const xdpDrop, xdpPass = 1, 2
	return network.Build(t, ebpf.ProgramSpec{Type: ebpf.XDP}, asm.Instructions{
		asm.LoadMem(asm.R2, asm.R6, 0, asm.Word),
		asm.LoadMem(asm.R3, asm.R6, 4, asm.Word),
		asm.Mov.Reg(asm.R4, asm.R2),
		asm.Add.Imm(asm.R4, toPort4+2),
		asm.JGT.Reg(asm.R4, asm.R3, "pass"),
		asm.LoadMem(asm.R2, asm.R2, toPort4, asm.Half),
		asm.HostTo(asm.BE, asm.R2, asm.Half),
		asm.JNE.Imm(asm.R2, int32(port), "pass"),
	}, p, xdpPass, xdpDrop)
}

// netfilterDrop drops packets of one length.
func netfilterDrop(t testing.TB, length int, p network.Pattern) *network.Injector {
	t.Helper()
	types, err := btf.LoadKernelSpec()
	if err != nil {
		t.Fatal(err)
	}
	const nfDrop, nfAccept = 0, 1
	return network.Build(t, ebpf.ProgramSpec{Type: ebpf.Netfilter, AttachType: ebpf.AttachNetfilter}, asm.Instructions{
		asm.LoadMem(asm.R2, asm.R6, 8, asm.DWord), // struct bpf_nf_ctx.skb
		asm.LoadMem(asm.R2, asm.R2, int16(memberOffset(t, types, "sk_buff", "len")), asm.Word),
		asm.JNE.Imm(asm.R2, int32(length), "pass"),
	}, p, nfAccept, nfDrop)
}

// socketDrop is a filter of one socket.
func socketDrop(t testing.TB, p network.Pattern) *network.Injector {
	t.Helper()
	return network.Build(t, ebpf.ProgramSpec{Type: ebpf.SocketFilter}, nil, p, 0xffff, 0)
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
