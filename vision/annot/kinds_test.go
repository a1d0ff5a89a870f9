package annot

import (
	"os"
	"slices"
	"strings"
	"testing"
)

func TestEventKinds(t *testing.T) {
	text, err := os.ReadFile("testdata/kinds.txt")
	if err != nil {
		t.Fatal(err)
	}
	if want := strings.Fields(string(text)); !slices.Equal(EventKinds(), want) {
		t.Errorf("kinds %v, but testdata/kinds.txt has %v", EventKinds(), want)
	}
	for _, k := range EventKinds() {
		if KnownEvent(k) != k {
			t.Errorf("%s is not known", k)
		}
	}
	if k := KnownEvent("unicorn"); k != OtherEvent {
		t.Errorf("a unicorn is %s", k)
	}
}
