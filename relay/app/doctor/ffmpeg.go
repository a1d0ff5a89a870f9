package doctor

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"sightline/relay/health"
	"sightline/relay/media"
	"sightline/relay/source"
	"sightline/relay/source/demo"
	"sightline/relay/source/ffmpeg"
)

// FFmpegVersion names the libavcodec that this process has loaded, or is
// empty where that cannot be seen. FFmpeg's libraries tell their version by file name; the bindings do not offer it.
func FFmpegVersion() string {
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return ""
	}
	return ffmpegIn(string(maps))
}

func ffmpegIn(maps string) string {
	m := regexp.MustCompile(`/\S*libavcodec\.so\.(\d+)\S*`).FindStringSubmatch(maps)
	if m == nil {
		return ""
	}
	library := "libavcodec " + filepath.Base(m[0])[len("libavcodec.so."):]
	if release := map[string]string{"58": "4", "59": "5", "60": "6", "61": "7", "62": "8"}[m[1]]; release != "" {
		return "FFmpeg " + release + " (" + library + ")"
	}
	return library
}

// checkFFmpeg lets the demo camera encode one picture.
func checkFFmpeg(ctx context.Context) Finding {
	const area = "FFmpeg"
	name := FFmpegVersion()
	if name == "" {
		name = "FFmpeg"
	}
	camera, err := demo.Parse("demo:?size=320x180&fps=5&empty=1")
	if err != nil {
		return bad(area, health.New(health.Internal, "the demo camera: %v", err))
	}
	defer ffmpeg.LogTo(slog.New(slog.DiscardHandler))() // the encoder's chatter
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	sink := &firstPicture{cancel: cancel}
	err = camera.Run(ctx, sink)
	switch {
	case sink.came:
		return good(area, "%s encodes H.264", name)
	case errors.Is(err, context.DeadlineExceeded):
		return bad(area, health.New(health.Internal, "%s made no picture of the demo camera in 20 s", name).
			WithFix("Look at the machine's load, and try again."))
	case err == nil:
		return bad(area, health.New(health.Internal, "%s made no picture of the demo camera", name))
	}
	return bad(area, source.Sorted(err).Condition)
}

// firstPicture ends a source as soon as a picture comes.
type firstPicture struct {
	cancel context.CancelFunc
	came   bool
}

// Track implements source.Sink.
func (*firstPicture) Track(media.Track) {}

// AccessUnit implements source.Sink.
func (f *firstPicture) AccessUnit(media.AccessUnit) {
	f.came = true
	f.cancel()
}

// Count implements source.Sink.
func (*firstPicture) Count(media.Counts) {}

// Notice implements source.Sink.
func (*firstPicture) Notice(health.Condition) {}

func checkWebClient(built bool) Finding {
	if !built {
		return bad("web client", health.New(health.WebClientMissing, "there are no pages to open"))
	}
	return good("web client", "embedded")
}
