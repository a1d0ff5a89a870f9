//go:build !race

package detectors

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"sightline/relay/source/demo"
	"sightline/shaders"
	"sightline/shaders/ref"
	"sightline/vision/annot"
	"sightline/vision/motion"
)

// video is the path of a test video; where it is missing the test is skipped.
func video(t testing.TB, name string) string {
	t.Helper()
	shared := os.Getenv("SIGHTLINE_SHARED")
	if shared == "" {
		shared = filepath.Join("..", "..", "..", "shared")
	}
	path := filepath.Join(shared, "testdata", "video", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("no test video %s; set SIGHTLINE_SHARED to the folder that has testdata/video", path)
	}
	return path
}

// decode runs FFmpeg on what args name and hands each decoded picture to visit, R, G, B, A.
func decode(t testing.TB, input io.Reader, width, height int, visit func(n int, rgba []byte), args ...string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	args = append([]string{"-v", "error", "-threads", "1"}, args...)
	cmd := exec.CommandContext(ctx, "ffmpeg", append(args, "-vf", "scale="+strconv.Itoa(width)+":"+strconv.Itoa(height)+":flags=area",
		"-f", "rawvideo", "-pix_fmt", "rgba", "-fps_mode", "passthrough", "-")...)
	cmd.Stdin, cmd.Stderr = input, os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
	r := bufio.NewReaderSize(out, 1<<20)
	frame := make([]byte, 4*width*height)
	for n := 0; ; n++ {
		if _, err := io.ReadFull(r, frame); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		visit(n, frame)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
}

// scene renders a demo scene picture by picture.
func scene(t testing.TB, width, height, fps int, noise bool, day time.Duration, script demo.Script) *demo.Scene {
	t.Helper()
	s, err := demo.NewScene(demo.SceneConfig{Width: width, Height: height, FPS: fps, Noise: noise, Script: script, Seed: 1, Day: day})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// coded renders a scene, encodes it with x264 as the demo camera does, decodes it and hands the pictures
// to visit.
func coded(t testing.TB, s *demo.Scene, width, height, fps, frames int, visit func(n int, rgba []byte)) {
	t.Helper()
	size := strconv.Itoa(width) + "x" + strconv.Itoa(height)
	encoder := exec.CommandContext(t.Context(), "ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", size, "-r", strconv.Itoa(fps),
		"-color_range", "tv", "-colorspace", "bt709", "-i", "-", "-c:v", "libx264", "-threads", "1", "-preset", "superfast", "-tune", "zerolatency",
		"-profile:v", "baseline", "-crf", "25", "-maxrate", "2M", "-bufsize", "2M", "-g", strconv.Itoa(2*fps), "-sc_threshold", "0", "-f", "h264", "-")
	in, err := encoder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := encoder.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	encoder.Stderr = os.Stderr
	if err := encoder.Start(); err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
	fed := make(chan error, 1)
	go func() {
		p := demo.NewPicture(width, height)
		start := time.Date(2026, 1, 2, 15, 4, 5, 0, time.UTC)
		for n := range frames {
			s.Render(p, int64(n), start.Add(time.Duration(n)*time.Second/time.Duration(fps)))
			if _, err := in.Write(p.Bytes()); err != nil {
				fed <- err
				return
			}
		}
		fed <- in.Close()
	}()
	decode(t, out, width, height, visit, "-f", "h264", "-i", "-")
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	if err := encoder.Wait(); err != nil {
		t.Fatalf("ffmpeg: %v", err)
	}
}

// mover is the motion detector on the twin.
type mover struct {
	twin     ref.Motion
	detector *motion.Detector
}

func newMover(width, height int) *mover {
	w, h := shaders.MotionSize(width, height, 0)
	return &mover{detector: motion.New(motion.Default(), w, h)}
}

// frame returns the boxes of a picture; ok is false while the background is being learned.
func (m *mover) frame(t testing.TB, at time.Duration, p ref.Pixels) (boxes []annot.Box, r motion.Result, ok bool) {
	t.Helper()
	params := shaders.MotionParams{Params: m.detector.Params(at)}
	if err := params.Validate(); err != nil {
		t.Fatal(err)
	}
	r = m.twin.Frame(params, p)
	objects, ok := m.detector.Result(at, r)
	for _, o := range objects {
		boxes = append(boxes, o.Box)
	}
	return boxes, r, ok
}
