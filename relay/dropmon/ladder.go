package dropmon

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
)

// climb finds the highest rung that works.
func climb(o Options) (*tracer, Level) {
	if o.Highest == Counters {
		return nil, Level{Rung: Counters, Reason: "The configuration asks for it."}
	}
	types, err := o.kernelTypes()
	if err != nil {
		return nil, Level{Rung: Counters, Reason: "The kernel does not describe its types (no BTF), which drop tracing needs: " + firstLine(err) + ".",
			Fix: "Use a kernel built with CONFIG_DEBUG_INFO_BTF=y; the distributions' kernels are."}
	}
	var level Level
	if o.Highest == TracingRaw {
		level.Reason = "The configuration asks for it."
	} else {
		t, err := load(o, types, TracingBTF)
		if err == nil {
			return t, Level{Rung: TracingBTF}
		}
		level = explain(TracingBTF, o.tracepoint, err)
	}
	t, err := load(o, types, TracingRaw)
	if err == nil {
		level.Rung = TracingRaw
		return t, level
	}
	second := explain(TracingRaw, o.tracepoint, err)
	if level.Reason != second.Reason && o.Highest != TracingRaw && !errors.Is(err, os.ErrNotExist) {
		second.Reason = level.Reason + " " + second.Reason
	}
	second.Rung = Counters
	return nil, second
}

// explain words why a rung does not hold.
func explain(r Rung, tracepoint string, err error) Level {
	switch {
	case errors.Is(err, os.ErrPermission):
		return Level{Reason: "Drop tracing needs the capabilities CAP_BPF and CAP_PERFMON, which the relay does not have.",
			Fix: "setcap cap_bpf,cap_perfmon+ep " + executable() + " (or AmbientCapabilities=CAP_BPF CAP_PERFMON in the systemd unit)."}
	case r == TracingBTF && errors.Is(err, errNoTracepoint):
		return Level{Reason: fmt.Sprintf("The kernel's types have no tracepoint %s.", tracepoint)}
	case errors.Is(err, os.ErrNotExist), errors.Is(err, btf.ErrNotFound), errors.Is(err, errNoTracepoint):
		return Level{Reason: fmt.Sprintf("The kernel has no tracepoint %s.", tracepoint)}
	case errors.Is(err, ebpf.ErrNotSupported):
		return Level{Reason: fmt.Sprintf("The kernel cannot do %s: %s.", r, firstLine(err))}
	}
	return Level{Reason: fmt.Sprintf("%s failed: %s.", r, firstLine(err))}
}

func executable() string {
	if path, err := os.Executable(); err == nil {
		return path
	}
	return "sightline"
}

// firstLine leaves out the verifier's log.
func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return strings.TrimSuffix(line, ".")
}

var errNoTracepoint = errors.New("dropmon: no such tracepoint")

// tracepointArgs counts the arguments of a tracepoint in the kernel's types.
func tracepointArgs(types *btf.Spec, name string) (int, error) {
	var t *btf.Typedef
	if err := types.TypeByName("btf_trace_"+name, &t); err != nil {
		return 0, fmt.Errorf("%w: %w", errNoTracepoint, err)
	}
	if p, ok := t.Type.(*btf.Pointer); ok {
		if f, ok := p.Target.(*btf.FuncProto); ok && len(f.Params) > 0 {
			return len(f.Params) - 1, nil // the first is the program's own
		}
	}
	return 0, fmt.Errorf("dropmon: tracepoint %s has no arguments in BTF", name)
}

// reasonNames are the names of drop reasons in the running kernel.
type reasonNames struct {
	core       map[uint32]string
	subsystems map[uint32]string
}

func loadReasonNames(types *btf.Spec) reasonNames {
	return reasonNames{
		core:       enumNames(types, "skb_drop_reason", "SKB_DROP_REASON_", "SKB_"),
		subsystems: enumNames(types, "skb_drop_reason_subsys", "SKB_DROP_REASON_SUBSYS_"),
	}
}

func enumNames(types *btf.Spec, name string, prefixes ...string) map[uint32]string {
	var e *btf.Enum
	if types.TypeByName(name, &e) != nil {
		return nil // before 5.17 there are no reasons
	}
	out := make(map[uint32]string, len(e.Values))
	for _, v := range e.Values {
		short := v.Name
		for _, p := range prefixes {
			if s, ok := strings.CutPrefix(short, p); ok {
				short = s
				break
			}
		}
		out[uint32(v.Value)] = short
	}
	return out
}

// name gives a reason's name. Those of subsystems have their subsystem above
// the low 16 bits.
func (n reasonNames) name(reason uint32) string {
	if name, ok := n.core[reason]; ok {
		return name
	}
	if sub, low := reason>>16, reason&0xffff; sub != 0 {
		if name, ok := n.subsystems[sub]; ok {
			return fmt.Sprintf("%s_%d", name, low)
		}
		return fmt.Sprintf("SUBSYSTEM_%d_%d", sub, low)
	}
	if reason == 0 && n.core == nil {
		return "NOT_SPECIFIED"
	}
	return fmt.Sprintf("REASON_%d", reason)
}

func sortDrops(d []Drop) {
	slices.SortFunc(d, func(a, b Drop) int {
		switch {
		case a.Packets > b.Packets:
			return -1
		case a.Packets < b.Packets:
			return 1
		}
		return strings.Compare(a.Reason, b.Reason)
	})
}
