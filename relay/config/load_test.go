package config

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"sightline/relay/health"
)

var update = flag.Bool("update", false, "write the golden files")

// Each testdata/NAME.bad.yml has its message in NAME.bad.txt.
func TestBadFilesAreRefusedWithTheirMessage(t *testing.T) {
	files, err := filepath.Glob("testdata/*.bad.yml")
	if err != nil || len(files) == 0 {
		t.Fatalf("no bad files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			c, err := Load(file)
			if err == nil {
				t.Fatalf("accepted: %+v", c)
			}
			if _, ok := errors.AsType[*Error](err); !ok {
				t.Fatalf("error is %T", err)
			}
			got := err.Error() + "\n"
			for _, secret := range []string{"hidden", "hid@", "den@"} {
				if strings.Contains(got, secret) {
					t.Errorf("the message shows a password:\n%s", got)
				}
			}
			golden := strings.TrimSuffix(file, ".yml") + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("message\n%swant\n%s", got, want)
			}
		})
	}
}

func TestFullFile(t *testing.T) {
	t.Setenv("YARD_PASSWORD", "y@rd")
	t.Setenv("GB_PASSWORD", "g@te")
	c, err := Load("testdata/full.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	want := &Config{
		HTTP:    HTTP{Listen: []string{"127.0.0.1:8081", "[::1]:8081"}, TLS: TLS{Mode: TLSOn}},
		WebRTC:  WebRTC{Port: 9189, PublicIPs: []string{"127.0.0.2"}, MaxViewers: 7},
		DataDir: "/var/lib/sightline",
		Ring:    Ring{Seconds: 4.5, Bytes: 8 << 20},
		Infer:   Infer{Provider: ProviderCPU, MaxBatch: 4, MaxDelay: 20 * time.Millisecond},
		Store:   Store{Path: "/var/lib/sightline/events.db", Keep: 7 * 24 * time.Hour, MaxBytes: 200 << 20},
		Drops:   Drops{Mode: DropsCounters},
		GB28181: GB28181{Listen: "127.0.0.1:5061", ID: "34020000002000000001", Realm: "gate.example", PasswordEnv: "GB_PASSWORD",
			MediaPorts: "31000-31010", Keepalive: 30 * time.Second, password: NewSecret("g@te")},
		Streams: map[string]Stream{
			"gate": {Source: Source{URL: "rtsp://127.0.0.1:8554/car", User: "admin", Password: NewSecret("p@ss#w/o:rd")},
				Transport: TransportTCP, Linger: 5 * time.Second,
				Analyze: Analyze{Where: WhereRelay, Model: "ultraface-rfb-320", FPS: 2.5, Classes: []string{"face"}, Threshold: 0.8}},
			"yard-2.main_A": {Source: Source{URL: "rtsps://cam.lan/live", User: "viewer", Password: NewSecret("y@rd"), PasswordEnv: "YARD_PASSWORD"},
				Transport: TransportAuto, OnDemand: true, Linger: time.Minute, Analyze: DefaultAnalyze()},
			"clip": {Source: Source{URL: "clips/car.mp4"}, Transport: TransportAuto, OnDemand: true, Linger: time.Minute, Loop: true, Analyze: DefaultAnalyze()},
			"demo": {Source: Source{URL: "demo"}, Transport: TransportAuto, OnDemand: true, Linger: time.Minute, Analyze: DefaultAnalyze()},
		},
		order: []string{"gate", "yard-2.main_A", "clip", "demo"},
	}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %#v\nwant %#v", c, want)
	}
	if got := c.StreamNames(); !reflect.DeepEqual(got, want.order) {
		t.Errorf("names %q are not in the order of the file", got)
	}
}

func TestAPartialSectionKeepsTheOtherDefaults(t *testing.T) {
	c, err := Load("testdata/partial.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	want := Default()
	want.HTTP.Listen = []string{"localhost:0"}
	s := DefaultStream()
	s.Source.URL = "demo"
	want.Streams["a"] = s
	want.order = []string{"a"}
	if !reflect.DeepEqual(c, want) {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
}

func TestAnchorsAndMergeKeys(t *testing.T) {
	c, err := Load("testdata/anchors.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	two := c.Streams["two"]
	if two.Source.URL != "demo" || two.Transport != TransportUDP || two.Linger != 2*time.Minute {
		t.Errorf("two = %+v", two)
	}
}

func TestEmptyFileIsTheDefault(t *testing.T) {
	c, err := Load("testdata/empty.good.yml")
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(c, Default()) {
		t.Errorf("got %+v", c)
	}
}

func TestDefaultAndDemoAreValid(t *testing.T) {
	for name, c := range map[string]*Config{"default": Default(), "demo": Demo()} {
		if err := c.Validate(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMissingAndHugeFiles(t *testing.T) {
	_, err := Load("testdata/none.yml")
	if err == nil || !strings.Contains(err.Error(), "testdata/none.yml: the file cannot be read: no such file") {
		t.Errorf("err = %v", err)
	}
	if _, err := Load("testdata"); err == nil {
		t.Error("a folder was read")
	}
	if _, err := Parse("big.yml", []byte(strings.Repeat("#", maxFile+1))); err == nil || !strings.Contains(err.Error(), "larger than 1MB") {
		t.Errorf("err = %v", err)
	}
}

func TestProblemsAreConditions(t *testing.T) {
	_, err := Load("testdata/not_loopback.bad.yml")
	e, ok := errors.AsType[*Error](err)
	if !ok {
		t.Fatalf("err = %v", err)
	}
	for _, c := range e.Conditions() {
		if c.Code != health.ListenNotLoopback || c.Fix == "" || !strings.Contains(c.Text, "not_loopback.bad.yml:") {
			t.Errorf("condition %+v", c)
		}
	}
}

func TestPasswordFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("s3 cret\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := Parse("x.yml", []byte("streams: {a: {source: {url: 'rtsp://cam/1', user: u, password_file: '"+file+"'}}}"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Streams["a"].Source.Password.Reveal(); got != "s3 cret" {
		t.Errorf("password %q", got)
	}
}

func FuzzParse(f *testing.F) {
	files, _ := filepath.Glob("testdata/*.yml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("fuzz.yml", data)
		if (c == nil) == (err == nil) {
			t.Fatalf("config %v with error %v", c, err)
		}
		if err == nil {
			if err := c.Validate(); err != nil {
				t.Fatalf("loaded, but not valid: %v", err)
			}
		}
	})
}
