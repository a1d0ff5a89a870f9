// Package health holds the one form in which Sightline states a fault: a
// [Condition] with what is wrong, why, and what to do about it. The doctor
// command, /readyz, the pages, the logs and problem+json answers all show the
// same conditions. The package knows nothing of streams, protocols or HTTP.
package health

import (
	"fmt"
	"log/slog"
	"sort"
	"sync"
	"time"
)

// Severity says how much of the service a condition takes away.
type Severity string

// Severities, from worst to mildest.
const (
	Error   Severity = "error"   // a stream or the relay does not work
	Warning Severity = "warning" // it works, worse than it should
	Info    Severity = "info"    // worth knowing, nothing to repair
)

// Code names a kind of condition; it is also its anchor in docs/conditions.md.
type Code string

// Condition is one fault or notice, worded for the person who has to act.
type Condition struct {
	// Code names the kind of fault; stable, and an anchor in docs/conditions.md.
	Code Code `json:"code"`
	// Severity says how much does not work.
	Severity Severity `json:"severity"`
	// Title is the fault in a few words, the same for each case of the code.
	Title string `json:"title"`
	// Text says what happened here and why, with names and values, no secrets.
	Text string `json:"text"`
	// Fix is a command, a config line or an action that ends the condition.
	Fix string `json:"fix"`
	// DependsOn names the condition that causes this one, so that one cause
	// gives one message.
	DependsOn Code `json:"depends_on,omitempty"`
	// Since is when the condition began.
	Since time.Time `json:"since,omitzero"`
}

// New makes a condition of a catalogued code. The title, the severity and the
// default fix come from the catalogue; text says what happened in this case.
// An unknown code panics: it is a programming error that the tests find.
func New(code Code, format string, args ...any) Condition {
	e, ok := catalog[code]
	if !ok {
		panic("health: condition code is not in the catalogue: " + string(code))
	}
	return Condition{Code: code, Severity: e.Severity, Title: e.Title, Fix: e.Fix,
		Text: fmt.Sprintf(format, args...)}
}

// WithFix returns the condition with a fix that fits the case better than the
// catalogue's.
func (c Condition) WithFix(format string, args ...any) Condition {
	c.Fix = fmt.Sprintf(format, args...)
	return c
}

// Error makes a condition usable as an error: "title: text".
func (c Condition) Error() string { return c.Title + ": " + c.Text }

// LogValue logs the condition as a group of code, text and fix.
func (c Condition) LogValue() slog.Value {
	return slog.GroupValue(slog.String("code", string(c.Code)), slog.String("text", c.Text), slog.String("fix", c.Fix))
}

// Board holds the conditions that are true now, each under the name of what
// it concerns ("stream/gate", "relay"). It is safe for concurrent use.
type Board struct {
	mu  sync.Mutex
	now map[string]map[Code]Condition
}

// Raise states that a condition holds for a subject. A condition that already
// holds keeps its Since.
func (b *Board) Raise(subject string, c Condition) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.now == nil {
		b.now = map[string]map[Code]Condition{}
	}
	if b.now[subject] == nil {
		b.now[subject] = map[Code]Condition{}
	}
	if old, ok := b.now[subject][c.Code]; ok {
		c.Since = old.Since
	} else if c.Since.IsZero() {
		c.Since = time.Now().UTC().Truncate(time.Millisecond)
	}
	b.now[subject][c.Code] = c
}

// Clear ends a subject's conditions of the codes given, or all without codes.
func (b *Board) Clear(subject string, codes ...Code) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(codes) == 0 {
		delete(b.now, subject)
		return
	}
	for _, c := range codes {
		delete(b.now[subject], c)
	}
}

// Of returns a subject's conditions, worst and then oldest first.
func (b *Board) Of(subject string) []Condition {
	b.mu.Lock()
	defer b.mu.Unlock()
	out := make([]Condition, 0, len(b.now[subject]))
	for _, c := range b.now[subject] {
		out = append(out, c)
	}
	Sort(out)
	return out
}

// All returns every subject's conditions.
func (b *Board) All() map[string][]Condition {
	b.mu.Lock()
	subjects := make([]string, 0, len(b.now))
	for s, m := range b.now {
		if len(m) > 0 {
			subjects = append(subjects, s)
		}
	}
	b.mu.Unlock()
	out := make(map[string][]Condition, len(subjects))
	for _, s := range subjects {
		out[s] = b.Of(s)
	}
	return out
}

// Sort orders conditions worst first, then oldest first, then by code.
func Sort(cs []Condition) {
	rank := map[Severity]int{Error: 0, Warning: 1, Info: 2}
	sort.Slice(cs, func(i, j int) bool {
		a, b := cs[i], cs[j]
		if rank[a.Severity] != rank[b.Severity] {
			return rank[a.Severity] < rank[b.Severity]
		}
		if !a.Since.Equal(b.Since) {
			return a.Since.Before(b.Since)
		}
		return a.Code < b.Code
	})
}
