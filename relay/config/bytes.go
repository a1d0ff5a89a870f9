package config

import (
	"fmt"
	"strconv"
	"strings"
)

// Bytes is an amount of memory. In the file it is a number with a unit: B, KB,
// MB, GB, or KiB, MiB, GiB; both kinds count in powers of 1024.
type Bytes int64

// ParseBytes reads an amount such as "16MB" or "512 KiB".
func ParseBytes(s string) (Bytes, error) {
	t := strings.TrimSpace(s)
	i := strings.LastIndexAny(t, "0123456789")
	number, unit := t[:i+1], strings.ToLower(strings.TrimSpace(t[i+1:]))
	shift := map[string]uint{"": 0, "b": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20, "g": 30, "gb": 30, "gib": 30}
	by, known := shift[unit]
	n, err := strconv.ParseFloat(number, 64)
	if err != nil || !known || n < 0 || n*float64(int64(1)<<by) >= 1<<62 {
		return 0, fmt.Errorf("%q is no amount of memory; write it as 16MB", s)
	}
	return Bytes(n * float64(int64(1)<<by)), nil
}

// String writes the amount with the largest unit that keeps it whole.
func (b Bytes) String() string {
	for _, u := range []struct {
		shift uint
		name  string
	}{{30, "GB"}, {20, "MB"}, {10, "KB"}} {
		if b != 0 && b%(1<<u.shift) == 0 {
			return strconv.FormatInt(int64(b>>u.shift), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10) + "B"
}
