// Record watches a stream by WHEP as any foreign viewer would, and says what
// arrived: one JSON object a line for each access unit and, with -out, the
// video as an H.264 byte stream (Annex B) with an index that gives each access
// unit's RTP timestamp. It repairs nothing and asks for nothing to be sent
// again, so that what is lost is seen. It knows nothing of the relay's insides.
//
//	go run ./testkit/record -out /tmp/gate http://127.0.0.1:8080/whep/gate
//
// It ends after -for, on SIGINT or SIGTERM, and when its standard input ends.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"sightline/testkit/viewer"
)

// Files that -out makes in its folder.
const (
	videoFile = "video.h264"
	indexFile = "index.json"
)

// index is the content of index.json, and the last line of output.
type index struct {
	Summary
	// AccessUnits are in the order of the byte stream.
	AccessUnits []AccessUnit `json:"access_units,omitempty"`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintf(os.Stderr, "record: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, in io.Reader, out io.Writer) (err error) {
	f := flag.NewFlagSet("record", flag.ContinueOnError)
	dir := f.String("out", "", "write "+videoFile+" and "+indexFile+" into this `FOLDER`")
	limit := f.Duration("for", 0, "stop after this time; 0 goes on")
	if err := f.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return nil
		}
		return err
	}
	if f.NArg() != 1 {
		return fmt.Errorf("needs one WHEP address, got %d arguments", f.NArg())
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	if *limit > 0 {
		ctx, cancel = context.WithTimeout(ctx, *limit)
		defer cancel()
	}
	go func() {
		// Ends with the process at the latest: a read cannot be interrupted.
		_, _ = io.Copy(io.Discard, in)
		cancel()
	}()
	keep := *dir != ""
	var video io.Writer = io.Discard
	if keep {
		if err := os.MkdirAll(*dir, 0o755); err != nil {
			return err
		}
		file, err := os.Create(filepath.Join(*dir, videoFile))
		if err != nil {
			return err
		}
		buffered := bufio.NewWriter(file)
		defer func() { err = errors.Join(err, buffered.Flush(), file.Close()) }()
		video = buffered
	}
	v, err := viewer.Join(ctx, f.Arg(0), viewer.Options{})
	if err != nil {
		return err
	}
	recorded, err := record(ctx, v, keep, video, out)
	leave, done := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer done()
	if e := v.Leave(leave); err == nil && e != nil {
		err = fmt.Errorf("leaving: %w", e)
	}
	if err != nil || !keep {
		return err
	}
	data, err := json.Marshal(recorded)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(*dir, indexFile), data, 0o644)
}

// record takes packets until ctx ends or the session does. With keep the
// access units are listed in the index; the summary is there without.
func record(ctx context.Context, v *viewer.Viewer, keep bool, video, out io.Writer) (index, error) {
	var all index
	lines := json.NewEncoder(out)
	var a Assembler
	for {
		p, err := v.Next(ctx)
		if err != nil {
			if ctx.Err() == nil {
				return all, fmt.Errorf("the relay ended the session: %w", err)
			}
			break
		}
		for _, au := range a.Push(p.Packet, p.At) {
			if err := lines.Encode(au); err != nil {
				return all, err
			}
			if _, err := video.Write(au.data); err != nil {
				return all, err
			}
			if keep {
				all.AccessUnits = append(all.AccessUnits, au)
			}
		}
	}
	all.Summary = a.Summary
	all.Missed = v.Dropped
	return all, lines.Encode(index{Summary: all.Summary})
}
