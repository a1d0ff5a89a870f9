package astiav

//#include <libavutil/audio_fifo.h>
import "C"

import "unsafe"

// AudioFifo holds samples between frames of different lengths (AVAudioFifo).
type AudioFifo struct {
	c *C.AVAudioFifo
}

// AllocAudioFifo returns an empty one with room for nbSamples per channel, which
// grows; nil without memory.
func AllocAudioFifo(sampleFmt SampleFormat, channels int, nbSamples int) *AudioFifo {
	c := C.av_audio_fifo_alloc(C.enum_AVSampleFormat(sampleFmt), C.int(channels), C.int(nbSamples))
	if c == nil {
		return nil
	}
	return &AudioFifo{c: c}
}

// Free releases it.
func (a *AudioFifo) Free() {
	if a.c != nil {
		C.av_audio_fifo_free(a.c)
		a.c = nil
	}
}

// Size returns the samples held per channel.
func (a *AudioFifo) Size() int { return int(C.av_audio_fifo_size(a.c)) }

// Write adds the samples of f and returns how many they are.
func (a *AudioFifo) Write(f *Frame) (int, error) {
	ret := C.av_audio_fifo_write(a.c, (*unsafe.Pointer)(unsafe.Pointer(&f.c.data[0])), f.c.nb_samples)
	if err := newError(ret); err != nil {
		return 0, err
	}
	return int(ret), nil
}

// Read takes the oldest samples, as many as f has room for by its NbSamples, and
// returns how many they are.
func (a *AudioFifo) Read(f *Frame) (int, error) {
	ret := C.av_audio_fifo_read(a.c, (*unsafe.Pointer)(unsafe.Pointer(&f.c.data[0])), f.c.nb_samples)
	if err := newError(ret); err != nil {
		return 0, err
	}
	return int(ret), nil
}
