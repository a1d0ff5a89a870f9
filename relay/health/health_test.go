package health

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

func TestTheCatalogueIsComplete(t *testing.T) {
	form := regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z]+)*$`)
	for code, c := range Codes() {
		if !form.MatchString(string(code)) {
			t.Errorf("code %q cannot be an anchor", code)
		}
		switch c.Severity {
		case Error, Warning, Info:
		default:
			t.Errorf("%s: severity %q", code, c.Severity)
		}
		if c.Title == "" || strings.HasSuffix(c.Title, ".") {
			t.Errorf("%s: title %q is empty or ends with a full stop", code, c.Title)
		}
		if c.Fix == "" {
			t.Errorf("%s: no fix", code)
		}
	}
}

func TestNew(t *testing.T) {
	c := New(ListenInUse, "port %d is taken", 8080)
	if c.Severity != Error || c.Title == "" || c.Fix == "" || c.Text != "port 8080 is taken" {
		t.Errorf("condition %+v", c)
	}
	if w := c.WithFix("use %d", 8081); w.Fix != "use 8081" || c.Fix == w.Fix {
		t.Errorf("fix %q of %q", w.Fix, c.Fix)
	}
	if c.Error() != c.Title+": port 8080 is taken" {
		t.Errorf("error %q", c.Error())
	}
	got, ok := errors.AsType[Condition](fmt.Errorf("start: %w", c))
	if !ok || got.Code != ListenInUse {
		t.Errorf("wrapped: %v", got)
	}
	defer func() {
		if recover() == nil {
			t.Error("an unknown code was taken")
		}
	}()
	New("no-such-code", "x")
}

func TestConditionAsJSONAndLog(t *testing.T) {
	c := New(SourceEnded, "clip.mp4")
	data, err := json.Marshal(c)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"code":"source-ended","severity":"info","title":"The source has ended","text":"clip.mp4","fix":"Set loop: true to play a file again."}`
	if string(data) != want {
		t.Errorf("got  %s\nwant %s", data, want)
	}
	var b bytes.Buffer
	slog.New(slog.NewTextHandler(&b, nil)).Info("x", "condition", c)
	if !strings.Contains(b.String(), `condition.code=source-ended condition.text=clip.mp4 condition.fix="Set loop`) {
		t.Errorf("log %s", b.String())
	}
}

func TestBoard(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var b Board
		if b.Of("relay") == nil || len(b.All()) != 0 {
			t.Error("an empty board is not empty")
		}
		b.Clear("relay", Internal)
		b.Raise("stream/gate", New(SourceLoss, "3 packets"))
		began := b.Of("stream/gate")[0].Since
		if began.IsZero() {
			t.Error("no time")
		}
		time.Sleep(time.Minute)
		b.Raise("stream/gate", New(SourceLoss, "5 packets"))
		b.Raise("stream/gate", New(SourceSilent, "for 10 s"))
		b.Raise("stream/gate", New(SourceUDPSilent, "x"))
		b.Raise("relay", New(EncoderMissing, "x"))
		var codes []Code
		for _, c := range b.Of("stream/gate") {
			codes = append(codes, c.Code)
			if c.Code == SourceLoss && (!c.Since.Equal(began) || c.Text != "5 packets") {
				t.Errorf("raised again: %+v", c)
			}
		}
		if fmt.Sprint(codes) != "[source-silent source-loss source-udp-silent]" {
			t.Errorf("order %v", codes)
		}
		if all := b.All(); len(all) != 2 || len(all["stream/gate"]) != 3 || len(all["relay"]) != 1 {
			t.Errorf("all %v", all)
		}
		b.Clear("stream/gate", SourceLoss, SourceSilent)
		if got := b.Of("stream/gate"); len(got) != 1 {
			t.Errorf("after clearing two: %v", got)
		}
		b.Clear("stream/gate")
		b.Clear("relay", EncoderMissing)
		if len(b.All()) != 0 {
			t.Errorf("after clearing: %v", b.All())
		}
		b.Raise("stream/gate", New(SourceLoss, "x"))
		if b.Of("stream/gate")[0].Since.Equal(began) {
			t.Error("a new occurrence keeps the old time")
		}
	})
}

func TestBoardIsSafeForConcurrentUse(t *testing.T) {
	var b Board
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			subject := fmt.Sprint("stream/", i%2)
			for range 200 {
				b.Raise(subject, New(SourceLoss, "x"))
				b.All()
				b.Of(subject)
				b.Clear(subject)
			}
		})
	}
	wg.Wait()
}

func TestSortIsByAgeWithinASeverity(t *testing.T) {
	at := func(code Code, minute int) Condition {
		c := New(code, "x")
		c.Since = time.Date(2026, 1, 1, 0, minute, 0, 0, time.UTC)
		return c
	}
	cs := []Condition{at(SourceEnded, 0), at(SourceSilent, 2), at(Internal, 2), at(SourceRefused, 1), at(SourceLoss, 0)}
	Sort(cs)
	var got []Code
	for _, c := range cs {
		got = append(got, c.Code)
	}
	if fmt.Sprint(got) != "[source-refused internal source-silent source-loss source-ended]" {
		t.Errorf("order %v", got)
	}
}
