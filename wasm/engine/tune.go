package engine

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Version is that of the kernels: choices measured with others do not count.
const Version = 1

// Choices are what was measured to be best: by convolution, how much an invocation makes; by pair of
// convolutions, whether they are fused.
type Choices map[string]int

// Timer measures plans on a device.
type Timer interface {
	// Time runs a plan and returns what each dispatch took, at best of some runs.
	Time(p *Plan) ([]time.Duration, error)
}

// Tune measures the candidates of every distinct convolution on a device, and returns the best. compile
// plans the network by given options, as Compile or CompileDetector. It compiles kernels that the tuned
// plan does not need; they are few.
func Tune(compile func(Options) (*Plan, error), t Timer) (Choices, error) {
	best := Choices{}
	took := map[string]time.Duration{}
	for _, each := range []int{1, 2, 4} {
		sums, chosen, err := measure(compile, t, Options{Apart: true, forced: each})
		if err != nil {
			return nil, err
		}
		for key, d := range sums {
			// A kernel that knows no other size gives nothing to choose.
			if before, known := took[key]; !known || d < before {
				took[key] = d
				if chosen[key] > 0 {
					best[key] = chosen[key]
				}
			}
		}
	}
	fused, _, err := measure(compile, t, Options{Choices: best, alone: true})
	if err != nil {
		return nil, err
	}
	for key, d := range fused {
		first, second, ok := strings.Cut(key, " + ")
		if !ok {
			continue
		}
		best[key] = together
		if took[first]+took[second] <= d {
			best[key] = apart
		}
	}
	return best, nil
}

// measure returns what the dispatches of each key took, the mean of those that share it, and what was
// chosen for them.
func measure(compile func(Options) (*Plan, error), t Timer, o Options) (map[string]time.Duration, Choices, error) {
	p, err := compile(o)
	if err != nil {
		return nil, nil, err
	}
	times, err := t.Time(p)
	if err != nil {
		return nil, nil, err
	}
	if len(times) != len(p.Dispatches) {
		return nil, nil, errors.New("engine: " + strconv.Itoa(len(times)) + " times of " + strconv.Itoa(len(p.Dispatches)) + " dispatches")
	}
	sums, counts, chosen := map[string]time.Duration{}, map[string]int{}, Choices{}
	for i, d := range p.Dispatches {
		if d.key == "" {
			continue
		}
		sums[d.key] += times[i]
		counts[d.key]++
		chosen[d.key] = d.each
	}
	for key := range sums {
		sums[key] /= time.Duration(counts[key])
	}
	return sums, chosen, nil
}

// Append appends the choices as text, a line each, in order: what a page keeps for an adapter, a model and
// a Version.
func (c Choices) Append(b []byte) []byte {
	var keys []string
	for key := range c {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	for _, key := range keys {
		b = append(b, key...)
		b = append(b, ": "...)
		b = strconv.AppendInt(b, int64(c[key]), 10)
		b = append(b, '\n')
	}
	return b
}

// maxChoices bounds the text of choices that ParseChoices takes.
const maxChoices = 1 << 20

// ParseChoices reads what Append wrote. Choices that make no sense are refused; those for convolutions that
// a network does not have do no harm.
func ParseChoices(text []byte) (Choices, error) {
	if len(text) > maxChoices {
		return nil, errors.New("engine: choices of more than 1 MiB")
	}
	c := Choices{}
	for line := range strings.Lines(string(text)) {
		key, value, ok := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		n, err := strconv.Atoi(value)
		if !ok || err != nil || n < 0 || n > 4 {
			return nil, errors.New("engine: choice " + strconv.Quote(line) + " is not a name and a number of 0 to 4")
		}
		c[key] = n
	}
	return c, nil
}
