package api

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"sort"
	"strconv"
	"strings"

	"sightline/relay/health"
)

// problem is the body of an error by RFC 9457, with the condition's code and
// fix as extension members.
type problem struct {
	Type   string      `json:"type"`
	Title  string      `json:"title"`
	Status int         `json:"status"`
	Detail string      `json:"detail"`
	Code   health.Code `json:"code"`
	Fix    string      `json:"fix"`
}

const conditionsPath = "/docs/conditions"

// Problem answers a request with a condition: as problem+json, or as a page
// where a browser has navigated to a page of ours.
func Problem(w http.ResponseWriter, r *http.Request, status int, c health.Condition) {
	if wantsPage(r) {
		writePage(w, status, problemPage, c)
		return
	}
	w.Header().Set("Content-Type", "application/problem+json")
	writeBody(w, status, problem{
		Type: conditionsPath + "#" + string(c.Code), Title: c.Title, Status: status,
		Detail: c.Text, Code: c.Code, Fix: c.Fix,
	})
}

func wantsPage(r *http.Request) bool {
	if r.Method != http.MethodGet || strings.HasPrefix(r.URL.Path, "/api/") || strings.HasPrefix(r.URL.Path, "/whep/") {
		return false
	}
	return strings.Contains(r.Header.Get("Accept"), "text/html")
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	writeBody(w, status, v)
}

func writeBody(w http.ResponseWriter, status int, v any) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		// Our own types always encode; the guard turns this into a 500.
		panic(err)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

func writePage(w http.ResponseWriter, status int, t *template.Template, data any) {
	var b bytes.Buffer
	if err := t.Execute(&b, data); err != nil {
		panic(err)
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes())
}

const head = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
`

var problemPage = template.Must(template.New("problem").Parse(head + `<title>{{.Title}} · Sightline</title>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<p><b>What to do:</b> {{.Fix}}</p>
<p><a href="` + conditionsPath + `#{{.Code}}">More about {{.Code}}</a> · <a href="/">All streams</a></p>
</main>
</html>
`))

var listPage = template.Must(template.New("conditions").Parse(head + `<title>Conditions · Sightline</title>
<main>
<h1>Conditions</h1>
<p>What the relay reports when something is wrong, and what to do about it.</p>
{{range .}}<section id="{{.Code}}">
<h2>{{.Title}}</h2>
<p><code>{{.Code}}</code> ({{.Severity}})</p>
<p>{{.Fix}}</p>
</section>
{{end}}</main>
</html>
`))

// conditionsPage lists the catalogue, each code with its anchor: the target of
// every problem's type.
func conditionsPage(w http.ResponseWriter, r *http.Request) {
	all := health.Codes()
	rows := make([]health.Condition, 0, len(all))
	for _, c := range all {
		rows = append(rows, c)
	}
	sort.Slice(rows, func(i, j int) bool { return rows[i].Code < rows[j].Code })
	writePage(w, http.StatusOK, listPage, rows)
}

// clip shortens what a client sent before it is sent back.
func clip(s string) string {
	if r := []rune(s); len(r) > 100 {
		return string(r[:97]) + "..."
	}
	return s
}
