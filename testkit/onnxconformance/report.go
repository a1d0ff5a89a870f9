package onnxconformance

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// Least is the share of the cases that count which must pass.
const Least = 0.95

// Summary counts results.
type Summary struct {
	Results []Result
}

// tally is a line of the table.
type tally struct{ passed, refused, wrong int }

func (t *tally) add(o Outcome) {
	switch o {
	case Passed:
		t.passed++
	case Refused:
		t.refused++
	default:
		t.wrong++
	}
}

func (s *Summary) tallies() (counting, others tally) {
	for _, r := range s.Results {
		if r.Counts {
			counting.add(r.Outcome)
		} else {
			others.add(r.Outcome)
		}
	}
	return counting, others
}

// Share is how many of the cases that count have passed, 0..1.
func (s *Summary) Share() float64 {
	c, _ := s.tallies()
	return float64(c.passed) / float64(max(c.passed+c.refused+c.wrong, 1))
}

// Err is nil if enough cases have passed and none, of those that count and of
// the others, was wrong.
func (s *Summary) Err() error {
	counting, others := s.tallies()
	switch {
	case len(s.Results) == 0:
		return fmt.Errorf("no cases were run")
	case counting.wrong+others.wrong > 0:
		return fmt.Errorf("%d cases are wrong", counting.wrong+others.wrong)
	case counting.passed+counting.refused > 0 && s.Share() < Least:
		return fmt.Errorf("%.1f %% of the cases passed, want %.0f %%", 100*s.Share(), 100*Least)
	}
	return nil
}

// Write prints a table, what was refused and what is wrong. With each, every
// refused case that counts is named.
func (s *Summary) Write(w io.Writer, each bool) error {
	counting, others := s.tallies()
	var b strings.Builder
	fmt.Fprintf(&b, "%-44s %7s %7s %7s\n", "", "passed", "refused", "wrong")
	fmt.Fprintf(&b, "%-44s %7d %7d %7d   %.1f %% passed\n", "32-bit floats, operators of the engine",
		counting.passed, counting.refused, counting.wrong, 100*s.Share())
	fmt.Fprintf(&b, "%-44s %7d %7d %7d\n", "others", others.passed, others.refused, others.wrong)
	for _, counts := range []bool{true, false} {
		refused := make(map[string]int)
		for _, r := range s.Results {
			if r.Outcome == Refused && r.Counts == counts {
				refused[r.Refusal]++
			}
		}
		names := make([]string, 0, len(refused))
		for name := range refused {
			names = append(names, name)
		}
		slices.SortFunc(names, func(a, b string) int {
			if refused[a] != refused[b] {
				return refused[b] - refused[a]
			}
			return strings.Compare(a, b)
		})
		if len(names) > 0 {
			fmt.Fprintf(&b, "\nrefused, %s:\n", map[bool]string{true: "of those that count", false: "of the others"}[counts])
		}
		for _, name := range names {
			fmt.Fprintf(&b, "  %4d  %s\n", refused[name], name)
		}
	}
	for _, r := range s.Results {
		if r.Outcome == Wrong || each && r.Outcome == Refused && r.Counts {
			fmt.Fprintf(&b, "%s: %s: %s\n", r.Outcome, r.Name, r.Reason)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
