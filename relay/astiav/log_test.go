package astiav_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/asticode/go-astiav"
)

type logLine struct {
	class, item, msg string
	own              bool // spoken by the FormatContext that failed
	level            astiav.LogLevel
}

// capture collects FFmpeg's log at the given level while f runs.
func capture(level astiav.LogLevel, own *astiav.FormatContext, f func()) (lines []logLine) {
	var mu sync.Mutex
	before := astiav.GetLogLevel()
	astiav.SetLogLevel(level)
	astiav.SetLogCallback(func(c astiav.Classer, l astiav.LogLevel, format, msg string) {
		line := logLine{msg: msg, level: l}
		if c != nil {
			if cl := c.Class(); cl != nil {
				line.class, line.item = cl.Name(), cl.ItemName()
			}
			line.own = c == astiav.Classer(own)
		}
		mu.Lock()
		defer mu.Unlock()
		lines = append(lines, line)
	})
	defer astiav.SetLogLevel(before)
	defer astiav.ResetLogCallback()
	f()
	return lines
}

func TestLogCallback(t *testing.T) {
	path := filepath.Join(t.TempDir(), "text.mp4")
	ok(t, os.WriteFile(path, []byte(strings.Repeat("no video ", 500)), 0o600))
	fc := astiav.AllocFormatContext()
	fail := func() {
		if fc.OpenInput(path, astiav.FindInputFormat("mp4"), nil) == nil {
			t.Error("text opens as mp4")
		}
	}
	lines := capture(astiav.LogLevelVerbose, fc, fail)
	own, spoke := false, false
	for _, l := range lines {
		own = own || l.own && l.class == "AVFormatContext"
		spoke = spoke || strings.Contains(l.msg, "moov atom not found") && l.level == astiav.LogLevelError
		if strings.Contains(l.msg, "%s") {
			t.Errorf("%q is not formatted", l.msg)
		}
	}
	if !own || !spoke {
		t.Errorf("the log is %+v", lines)
	}
}

func TestLogLevelFilters(t *testing.T) {
	if lines := capture(astiav.LogLevelFatal, nil, func() {
		fc := astiav.AllocFormatContext()
		if fc.OpenInput(filepath.Join(t.TempDir(), "missing"), nil, nil) == nil {
			t.Error("a missing file opens")
		}
	}); len(lines) != 0 {
		t.Errorf("the log is %+v", lines)
	}
}

func TestLogKeepsLongMessages(t *testing.T) {
	long := strings.Repeat("x", 5000)
	for _, l := range capture(astiav.LogLevelDebug, nil, func() {
		fc := astiav.AllocFormatContext()
		_ = fc.OpenInput("nosuchprotocol://"+long, nil, nil)
	}) {
		if strings.Contains(l.msg, long) {
			return
		}
	}
	t.Error("no message has the whole URL")
}

func TestLogFromManyThreads(t *testing.T) {
	file := clips(t)[0]
	lines := capture(astiav.LogLevelDebug, nil, func() {
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for range 5 {
					fc := astiav.AllocFormatContext()
					if err := fc.OpenInput(file, nil, nil); err != nil {
						t.Error(err)
					}
					if err := fc.FindStreamInfo(nil); err != nil {
						t.Error(err)
					}
					fc.CloseInput()
				}
			})
		}
		wg.Wait()
	})
	if len(lines) == 0 {
		t.Error("nothing was logged")
	}
}
