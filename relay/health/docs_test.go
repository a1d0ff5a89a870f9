package health

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// docs/conditions.md has one section for each code, headed by the code itself,
// so that the code is its anchor.
func TestEveryConditionIsDocumented(t *testing.T) {
	data, err := os.ReadFile("../../docs/conditions.md")
	if err != nil {
		t.Fatal(err)
	}
	var headed []string
	parts := regexp.MustCompile(`(?m)^## (.*)$`).FindAllStringSubmatchIndex(string(data), -1)
	for i, p := range parts {
		code := string(data[p[2]:p[3]])
		end := len(data)
		if i+1 < len(parts) {
			end = parts[i+1][0]
		}
		headed = append(headed, code)
		c, ok := Codes()[Code(code)]
		if !ok {
			t.Errorf("section %q is no code of the catalogue", code)
			continue
		}
		text := strings.TrimSpace(string(data[p[1]:end]))
		if !strings.HasPrefix(text, string(c.Severity)+". ") || len(text) < 40 {
			t.Errorf("section %q does not begin with %q and an explanation", code, string(c.Severity)+". ")
		}
	}
	for code := range Codes() {
		if n := len(slices.DeleteFunc(slices.Clone(headed), func(h string) bool { return h != string(code) })); n != 1 {
			t.Errorf("code %q has %d sections in docs/conditions.md", code, n)
		}
	}
}
