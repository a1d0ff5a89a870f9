package config

import "strings"

// later says what to tell about keys that belong to parts which this version
// does not have.
func later(path, key string) (string, bool) {
	section := path
	if strings.HasPrefix(path, "streams.") && strings.HasSuffix(path, ".source") {
		if key == "password" {
			return "passwords stay out of the file: give password_env: VARIABLE or password_file: FILE", true
		}
		return "", false
	}
	if strings.HasPrefix(path, "streams.") {
		section = "streams.*"
	}
	text, ok := map[string]string{
		"auth":                    "this version has no tokens; leave auth out and listen on 127.0.0.1",
		"rtsp":                    "this version serves no RTSP; leave the section out",
		"infer":                   "this version does not analyse pictures; leave the section out",
		"drops":                   "this version does not attribute packet loss to the kernel; leave the section out",
		"webrtc.ice_servers":      "this version serves this machine alone and needs no ICE servers; leave the key out",
		"streams.*.analyze":       "this version does not analyse pictures; leave the key out",
		"streams.*.url":           "the address goes under source: source: URL, or source: {url: URL, user: NAME, password_env: VARIABLE}",
		"streams.*.user":          "the user goes under source: source: {url: URL, user: NAME, password_env: VARIABLE}",
		"streams.*.password_env":  "the password goes under source: source: {url: URL, user: NAME, password_env: VARIABLE}",
		"streams.*.password_file": "the password goes under source: source: {url: URL, user: NAME, password_file: FILE}",
		"streams.*.password":      "passwords stay out of the file: source: {url: URL, user: NAME, password_env: VARIABLE}, or password_file: FILE",
	}[join(section, key)]
	return text, ok
}

// nearest returns the known key that a mistyped one resembles, or "".
func nearest(key string, known []string) string {
	best, bestDistance := "", 3
	for _, k := range known {
		limit := min(bestDistance, (len(k)+1)/2+1)
		if dist := distance(strings.ToLower(key), k); dist < limit {
			best, bestDistance = k, dist
		}
	}
	return best
}

// distance counts the insertions, deletions, changes and swaps of neighbours
// between two words (optimal string alignment).
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// Nearest returns the word of known that a mistyped one resembles, or "".
func Nearest(word string, known []string) string { return nearest(word, known) }
