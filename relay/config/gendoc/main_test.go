package main

import (
	"os"
	"strings"
	"testing"

	"sightline/relay/config"
)

func TestThePageIsCurrent(t *testing.T) {
	want, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile("../../../docs/configure.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/configure.md is not current; make generate writes it")
	}
}

func TestTheExampleIsValid(t *testing.T) {
	t.Setenv("YARD_PASSWORD", "x")
	c, err := config.Parse("example.yml", []byte(example))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Streams) != 4 {
		t.Errorf("%d streams", len(c.Streams))
	}
}

func TestAFieldWithoutCommentIsAnError(t *testing.T) {
	if _, err := generate(t.TempDir()); err == nil || !strings.Contains(err.Error(), "no doc comment") {
		t.Errorf("err = %v", err)
	}
}
