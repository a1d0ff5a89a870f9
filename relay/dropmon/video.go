package dropmon

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"sync"

	"github.com/cilium/ebpf"
	"github.com/cilium/ebpf/btf"
	"github.com/cilium/ebpf/link"

	"sightline/bpf"
)

// Reasons for frames that a video device lost.
const (
	// FrameError is a frame that the driver marked as damaged: with USB
	// cameras mostly a transfer that was cut short.
	FrameError = "VB2_ERROR"
	// FrameMissing is a frame for which the driver had no free buffer.
	FrameMissing = "VB2_SEQUENCE_GAP"
)

// videoModules hold the types that the program reads, where they are not built
// into the kernel.
var videoModules = [...]string{"videobuf2_common", "videobuf2_v4l2", "videodev"}

// Video counts the frames that local video devices lose.
type Video struct {
	maps bpf.VideoMaps
	prog *ebpf.Program
	link link.Link

	mu    sync.Mutex
	ids   map[string]uint32
	names []string
}

// OpenVideo attaches to the video devices of this machine. The error says in a
// sentence why that is not possible; without a driver loaded it is not.
func OpenVideo() (*Video, error) {
	var targets []*btf.Spec
	for _, module := range videoModules {
		if s, err := btf.LoadKernelModuleSpec(module); err == nil {
			targets = append(targets, s)
		}
	}
	if kernel, err := btf.LoadKernelSpec(); err == nil {
		targets = append(targets, kernel)
	}
	if !slices.ContainsFunc(targets, hasVideo) {
		return nil, errors.New("dropmon: the kernel has no video drivers (videobuf2), or they are not loaded")
	}
	v, err := loadVideo(targets)
	if err != nil {
		return nil, err
	}
	v.link, err = link.AttachRawTracepoint(link.RawTracepointOptions{Name: "vb2_buf_done", Program: v.prog})
	if err != nil {
		_ = v.Close()
		return nil, explainVideo(err)
	}
	return v, nil
}

func hasVideo(types *btf.Spec) bool {
	var s *btf.Struct
	return types.TypeByName("vb2_queue", &s) == nil
}

func explainVideo(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("dropmon: the kernel has no tracepoint vb2_buf_done; is the camera's driver loaded? %w", err)
	}
	return fmt.Errorf("dropmon: video devices: %w", err)
}

// loadVideo loads the program for kernel types that targets have, too.
func loadVideo(targets []*btf.Spec) (*Video, error) {
	spec, err := bpf.LoadVideo()
	if err != nil {
		return nil, fmt.Errorf("dropmon: %w", err)
	}
	c, err := ebpf.NewCollectionWithOptions(spec, ebpf.CollectionOptions{
		Programs: ebpf.ProgramOptions{ExtraRelocationTargets: targets}})
	if err != nil {
		return nil, explainVideo(err)
	}
	defer c.Close()
	v := &Video{ids: map[string]uint32{}, names: []string{""}}
	if err := c.Assign(&v.maps); err != nil {
		return nil, fmt.Errorf("dropmon: %w", err)
	}
	v.prog = c.DetachProgram(bpf.VideoProgVb2BufDone)
	return v, nil
}

// Close detaches the program.
func (v *Video) Close() error {
	var err error
	if v.link != nil {
		err = v.link.Close()
	}
	return errors.Join(err, v.prog.Close(), v.maps.Close())
}

// Watch counts the frames of /dev/videoN, N being the minor number, for a
// stream until release is called.
func (v *Video) Watch(minor uint32, stream string) (release func(), err error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	id, ok := v.ids[stream]
	if !ok {
		id = uint32(len(v.names))
		v.ids[stream] = id
		v.names = append(v.names, stream)
	}
	if err := v.maps.Devices.Put(minor, bpf.VideoDevice{Stream: id}); err != nil {
		return nil, fmt.Errorf("dropmon: watch video device %d: %w", minor, err)
	}
	return sync.OnceFunc(func() { _ = v.maps.Devices.Delete(minor) }), nil
}

// Drops returns the frames that a stream's device has lost.
func (v *Video) Drops(stream string) ([]Drop, error) {
	v.mu.Lock()
	id := v.ids[stream]
	v.mu.Unlock()
	var out []Drop
	for cause, name := range []string{FrameError, FrameMissing} {
		var counts []uint64
		err := v.maps.Frames.Lookup(bpf.VideoFrameCause{Stream: id, Cause: uint32(cause)}, &counts)
		if errors.Is(err, ebpf.ErrKeyNotExist) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("dropmon: video devices: %w", err)
		}
		d := Drop{Reason: name}
		for _, n := range counts {
			d.Packets += n
		}
		out = append(out, d)
	}
	sortDrops(out)
	return out, nil
}
