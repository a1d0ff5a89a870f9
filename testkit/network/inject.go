package network

import (
	"testing"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/asm"
)

// Pattern says which of the matching packets an injector drops.
type Pattern string

// The patterns.
const (
	Always   Pattern = "always"
	Periodic Pattern = "periodic"        // every third
	Burst    Pattern = "burst"           // ten of every fifty
	IID      Pattern = "iid"             // one in ten, by chance
	Rare     Pattern = "rare"            // one in fifty, by chance
	Gilbert  Pattern = "gilbert-elliott" // bad times of five packets on average
)

// Injector is a kernel program that drops packets, and its own count of them.
type Injector struct {
	Prog  *ebpf.Program
	t     testing.TB
	state *ebpf.Map // seen, dropped, bad
}

// Dropped is how many packets it has dropped.
func (i *Injector) Dropped() uint64 {
	i.t.Helper()
	var v [3]uint64
	if err := i.state.Lookup(uint32(0), &v); err != nil {
		i.t.Fatal(err)
	}
	return v[1]
}

// decide follows a match: it jumps to "pass", or falls through after counting
// the packet that is to be dropped.
func decide(state *ebpf.Map, p Pattern) asm.Instructions {
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
	case Periodic:
		is = append(is, asm.Mod.Imm(asm.R7, 3), asm.JNE.Imm(asm.R7, 0, "pass"))
	case Burst:
		is = append(is, asm.Mod.Imm(asm.R7, 50), asm.JGE.Imm(asm.R7, 10, "pass"))
	case IID:
		is = append(append(is, chance...), asm.Mod.Imm(asm.R0, 10), asm.JNE.Imm(asm.R0, 0, "pass"))
	case Rare:
		is = append(append(is, chance...), asm.Mod.Imm(asm.R0, 50), asm.JNE.Imm(asm.R0, 0, "pass"))
	case Gilbert:
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

// Build makes an injector of its parts: the match, which jumps to "pass" for
// packets of others and may use R6 as the program's context, and the verdicts.
func Build(t testing.TB, spec ebpf.ProgramSpec, match asm.Instructions, p Pattern, pass, drop int32) *Injector {
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
	return &Injector{Prog: prog, t: t, state: state}
}

// Field is what a packet has at an offset from its Ethernet header.
type Field struct {
	Offset int32
	Size   asm.Size
	Value  uint32
}

// Offsets behind an Ethernet header and an IP header without options.
const (
	udp4, udp6 = 14 + 20, 14 + 40
)

// FromPort is the source port over IPv4, of UDP and TCP.
func FromPort(port uint16) Field { return Field{udp4, asm.Half, uint32(port)} }

// ToPort is the destination port over IPv4, of UDP and TCP.
func ToPort(port uint16) Field { return Field{udp4 + 2, asm.Half, uint32(port)} }

// ToPort6 is ToPort over IPv6.
func ToPort6(port uint16) Field { return Field{udp6 + 2, asm.Half, uint32(port)} }

// SSRC is that of an RTP packet over UDP and IPv4.
func SSRC(ssrc uint32) Field { return Field{udp4 + 8 + 8, asm.Word, ssrc} }

// Classifier is an injector for tcx that drops packets which have all fields.
func Classifier(t testing.TB, p Pattern, fields ...Field) *Injector {
	t.Helper()
	const tcxPass, tcxDrop = 0, 2
	var match asm.Instructions
	for _, f := range fields {
		match = append(match, asm.LoadAbs(f.Offset, f.Size), asm.Mov.Imm32(asm.R1, int32(f.Value)), asm.JNE.Reg32(asm.R0, asm.R1, "pass"))
	}
	return Build(t, ebpf.ProgramSpec{Type: ebpf.SchedCLS}, match, p, tcxPass, tcxDrop)
}
