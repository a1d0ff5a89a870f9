package ffmpeg

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/asticode/go-astiav"
)

// LogTo sends the log of FFmpeg, in the whole process, to l instead of standard
// error: one line per event, without credentials, floods as a count. The
// program calls it once, before the first source; restore undoes it.
func LogTo(l *slog.Logger) (restore func()) {
	before := astiav.GetLogLevel()
	level := astiav.LogLevelWarning
	if l.Enabled(context.Background(), slog.LevelDebug) {
		level = astiav.LogLevelInfo
	}
	astiav.SetLogLevel(level)
	w := &logWriter{log: l, now: time.Now, seen: map[string]int{}}
	astiav.SetLogCallback(w.write)
	return func() {
		astiav.ResetLogCallback()
		astiav.SetLogLevel(before)
	}
}

// Bounds of the log: equal messages in a second, kinds of messages counted, and
// the length of a line.
const (
	sameInSecond = 5
	maxKinds     = 256
	maxLine      = 2000
)

// logWriter makes lines of FFmpeg's pieces. FFmpeg calls it from any thread.
type logWriter struct {
	log *slog.Logger
	now func() time.Time

	mu      sync.Mutex
	partial string         // a line not yet ended
	second  time.Time      // start of the second counted
	seen    map[string]int // messages in it by format
	dropped int
}

func (w *logWriter) write(c astiav.Classer, level astiav.LogLevel, format, text string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.partial) < 4*maxLine {
		w.partial += text
	}
	if !strings.HasSuffix(text, "\n") {
		return // a piece; more follows
	}
	line := strings.TrimSpace(w.partial)
	w.partial = ""
	if line == "" {
		return
	}
	if now := w.now(); now.Sub(w.second) >= time.Second {
		if w.dropped > 0 {
			w.log.Info("ffmpeg repeated itself", "messages_left_out", w.dropped)
		}
		w.second, w.dropped = now, 0
		clear(w.seen)
	}
	if w.seen[format]++; w.seen[format] > sameInSecond || len(w.seen) > maxKinds {
		w.dropped++
		return
	}
	from := "ffmpeg"
	if c != nil {
		if class := c.Class(); class != nil {
			from = class.ItemName()
		}
	}
	if line = Redact(line); len(line) > maxLine { // redacted whole, then cut
		line = line[:maxLine]
	}
	w.log.Log(context.Background(), slogLevel(level), "ffmpeg: "+line, "from", Redact(from))
}

// slogLevel keeps slog's errors for what the relay itself calls one: FFmpeg
// calls a single damaged picture an error.
func slogLevel(l astiav.LogLevel) slog.Level {
	switch {
	case l <= astiav.LogLevelError:
		return slog.LevelWarn
	case l <= astiav.LogLevelWarning:
		return slog.LevelInfo
	}
	return slog.LevelDebug
}
