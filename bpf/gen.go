// Package bpf holds Sightline's kernel programs and what is generated of them:
// the objects, and their maps and programs as Go types. It loads nothing and
// knows nothing of streams; relay/dropmon does both.
package bpf

//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-19 -strip llvm-strip-19 -target bpfel -go-package bpf Drops drops.bpf.c -- -O2 -g -Wall -Werror -mcpu=v3
//go:generate go run github.com/cilium/ebpf/cmd/bpf2go -cc clang-19 -strip llvm-strip-19 -target bpfel -go-package bpf Video video.bpf.c -- -O2 -g -Wall -Werror -mcpu=v3
