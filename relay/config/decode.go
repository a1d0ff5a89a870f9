package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml/ast"
)

const maxDepth = 32 // of nodes; an alias inside its own anchor would be endless

type position struct{ line, column int }

// decoder writes a YAML tree over structs that already hold their defaults. It
// goes on after a mistake, so that all are reported at once, which the YAML
// library's own strict mode cannot do.
type decoder struct {
	config   *Config
	anchors  map[string]ast.Node
	at       map[string]position // of keys, by path
	problems []Problem
	depth    int
}

// nodeDecoder is a type that has more than one form in the file.
type nodeDecoder interface {
	decodeNode(d *decoder, path string, n ast.Node)
}

func newDecoder(c *Config) *decoder {
	return &decoder{config: c, anchors: map[string]ast.Node{}, at: map[string]position{}}
}

func (d *decoder) root(n ast.Node) {
	ast.Walk(anchorVisitor{d.anchors}, n)
	d.decode("", n, reflect.ValueOf(d.config).Elem())
}

type anchorVisitor struct{ anchors map[string]ast.Node }

func (v anchorVisitor) Visit(n ast.Node) ast.Visitor {
	if a, ok := n.(*ast.AnchorNode); ok {
		v.anchors[a.Name.GetToken().Value] = a.Value
	}
	return v
}

// fail records a mistake at a node.
func (d *decoder) fail(path string, n ast.Node, format string, args ...any) {
	p := Problem{Key: path, Text: fmt.Sprintf(format, args...)}
	if t := n.GetToken(); t != nil && t.Position != nil {
		p.Line, p.Column = t.Position.Line, t.Position.Column
	}
	d.problems = append(d.problems, p)
}

// where finds a key's place in the file, or that of the nearest key above it.
func (d *decoder) where(path string) (line, column int) {
	for {
		if p, ok := d.at[path]; ok {
			return p.line, p.column
		}
		i := strings.LastIndexAny(path, ".[")
		if i < 0 {
			return 1, 1
		}
		path = path[:i]
	}
}

func (d *decoder) mark(path string, n ast.Node) {
	if t := n.GetToken(); t != nil && t.Position != nil {
		d.at[path] = position{t.Position.Line, t.Position.Column}
	}
}

// resolve follows anchors, aliases and tags to the node they stand for, and
// returns nil where there is none (it has then recorded why).
func (d *decoder) resolve(path string, n ast.Node) ast.Node {
	for range maxDepth {
		switch x := n.(type) {
		case *ast.AnchorNode:
			n = x.Value
		case *ast.AliasNode:
			name := x.Value.GetToken().Value
			to, ok := d.anchors[name]
			if !ok {
				d.fail(path, n, "alias *%s has no anchor &%s", name, name)
				return nil
			}
			n = to
		case *ast.TagNode:
			n = x.Value
		default:
			return n
		}
	}
	d.fail(path, n, "alias refers to itself")
	return nil
}

func (d *decoder) decode(path string, n ast.Node, v reflect.Value) {
	if n = d.resolve(path, n); n == nil {
		return
	}
	if d.depth++; d.depth > maxDepth {
		d.fail(path, n, "is nested too deeply")
		d.depth--
		return
	}
	defer func() { d.depth-- }()
	if nd, ok := v.Addr().Interface().(nodeDecoder); ok {
		nd.decodeNode(d, path, n)
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		d.structure(path, n, v)
	case reflect.Map:
		d.dictionary(path, n, v)
	case reflect.Slice:
		d.list(path, n, v)
	default:
		if text, ok := d.scalar(path, n); ok {
			if err := setScalar(v, text); err != nil {
				d.fail(path, n, "%v", err)
			}
		}
	}
}

// scalar returns a scalar node's text.
func (d *decoder) scalar(path string, n ast.Node) (string, bool) {
	switch x := n.(type) {
	case *ast.NullNode:
		d.fail(path, n, "has no value; give one or leave the key out")
	case *ast.StringNode:
		return x.Value, true
	case *ast.LiteralNode:
		return strings.TrimSpace(x.Value.Value), true
	case *ast.MappingNode:
		d.fail(path, n, "takes one value, not keys of its own")
	case *ast.SequenceNode:
		d.fail(path, n, "takes one value, not a list")
	default:
		return n.GetToken().Value, true
	}
	return "", false
}

func setScalar(v reflect.Value, text string) error {
	switch v.Interface().(type) {
	case time.Duration:
		t, err := parseDuration(text)
		if err != nil {
			return fmt.Errorf("%s is no duration; write it as 60s, 500ms, 5m or 30d", show(text))
		}
		v.SetInt(int64(t))
		return nil
	case Bytes:
		b, err := ParseBytes(text)
		if err != nil {
			return err
		}
		v.SetInt(int64(b))
		return nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		switch text {
		case "true":
			v.SetBool(true)
		case "false":
			v.SetBool(false)
		default:
			return fmt.Errorf("%s is neither true nor false", show(text))
		}
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		if err != nil {
			return fmt.Errorf("%s is no whole number", show(text))
		}
		v.SetInt(n)
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil || math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%s is no number", show(text))
		}
		v.SetFloat(f)
	default:
		panic("config: no decoding for " + v.Type().String())
	}
	return nil
}

// list takes one value as a list of one.
func (d *decoder) list(path string, n ast.Node, v reflect.Value) {
	values := []ast.Node{n}
	if seq, ok := n.(*ast.SequenceNode); ok {
		values = seq.Values
	}
	out := reflect.MakeSlice(v.Type(), len(values), len(values))
	for i, item := range values {
		key := fmt.Sprintf("%s[%d]", path, i)
		if item == nil {
			continue
		}
		d.mark(key, item)
		d.decode(key, item, out.Index(i))
	}
	v.Set(out)
}

// entry is one key of a mapping.
type entry struct {
	key   string
	node  ast.Node // of the key
	value ast.Node
}

// entries returns a mapping's keys in the order of the file, merge keys (<<)
// resolved; keys of the mapping itself win over merged ones.
func (d *decoder) entries(path string, n ast.Node, depth int) ([]entry, bool) {
	switch n.(type) {
	case *ast.MappingNode:
	case *ast.NullNode:
		return nil, true // "section:" with nothing below keeps the defaults
	default:
		what := "a value"
		if _, ok := n.(*ast.SequenceNode); ok {
			what = "a list"
		}
		d.fail(path, n, "takes keys of its own (key: value), not %s", what)
		return nil, false
	}
	if depth > maxDepth {
		d.fail(path, n, "alias refers to itself")
		return nil, false
	}
	var own, merged []entry
	for _, kv := range n.(*ast.MappingNode).Values {
		if kv.Key.IsMergeKey() {
			src := d.resolve(path, kv.Value)
			sources := []ast.Node{src}
			if seq, ok := src.(*ast.SequenceNode); ok {
				sources = seq.Values
			}
			for _, s := range sources {
				if s != nil {
					s = d.resolve(path, s)
				}
				if s == nil {
					continue
				}
				if es, ok := d.entries(path, s, depth+1); ok {
					merged = append(merged, es...)
				}
			}
			continue
		}
		own = append(own, entry{kv.Key.GetToken().Value, kv.Key, kv.Value})
	}
	for _, m := range merged {
		if !slices.ContainsFunc(own, func(e entry) bool { return e.key == m.key }) {
			own = append(own, m)
		}
	}
	return own, true
}

func (d *decoder) structure(path string, n ast.Node, v reflect.Value) {
	es, _ := d.entries(path, n, 0)
	for _, e := range es {
		key := join(path, e.key)
		field, ok := fieldByKey(v, e.key)
		if !ok {
			d.unknown(path, e, keysOf(v.Type()))
			continue
		}
		d.mark(key, e.node)
		if e.value == nil {
			continue
		}
		if _, null := e.value.(*ast.NullNode); null && (field.Kind() == reflect.Struct || field.Kind() == reflect.Map) {
			if _, own := field.Addr().Interface().(nodeDecoder); !own {
				continue
			}
		}
		d.decode(key, e.value, field)
	}
}

// dictionary decodes the streams: keys are free, each value has defaults.
func (d *decoder) dictionary(path string, n ast.Node, v reflect.Value) {
	es, _ := d.entries(path, n, 0)
	for _, e := range es {
		if !ValidStreamName(e.key) {
			d.fail(join(path, "?"), e.node, "%s is no stream name: %s", show(e.key), streamNameRule)
			continue
		}
		key := join(path, e.key)
		d.mark(key, e.node)
		item := reflect.New(v.Type().Elem())
		if sd, ok := item.Interface().(interface{ setDefault() }); ok {
			sd.setDefault()
		}
		if e.value != nil {
			d.decode(key, e.value, item.Elem())
		}
		v.SetMapIndex(reflect.ValueOf(e.key), item.Elem())
		d.config.order = append(d.config.order, e.key)
	}
}

// unknown reports a key that does not exist, with what may have been meant.
func (d *decoder) unknown(path string, e entry, known []string) {
	shown := show(e.key)
	where := path
	if shown == strconv.Quote(e.key) {
		where = join(path, e.key)
	}
	text := fmt.Sprintf("unknown key %s; known here: %s", shown, strings.Join(known, ", "))
	if t, ok := later(path, e.key); ok {
		text = t
	} else if near := nearest(e.key, known); near != "" {
		text = fmt.Sprintf("unknown key %s; did you mean %q?", shown, near)
	}
	d.fail(where, e.node, "%s", text)
	d.problems[len(d.problems)-1].unknown = true
}

func fieldByKey(v reflect.Value, key string) (reflect.Value, bool) {
	for i := range v.NumField() {
		if tag := v.Type().Field(i).Tag.Get("yaml"); tag == key && tag != "" && tag != "-" {
			return v.Field(i), true
		}
	}
	return reflect.Value{}, false
}

func keysOf(t reflect.Type) []string {
	var keys []string
	for i := range t.NumField() {
		if tag := t.Field(i).Tag.Get("yaml"); tag != "" && tag != "-" {
			keys = append(keys, tag)
		}
	}
	return keys
}

func sortProblems(ps []Problem) {
	sort.SliceStable(ps, func(i, j int) bool {
		if ps[i].Line != ps[j].Line {
			return ps[i].Line < ps[j].Line
		}
		return ps[i].Column < ps[j].Column
	})
}

// addressable gives the struct behind a pointer to the decoder.
func addressable(ptr any) reflect.Value { return reflect.ValueOf(ptr).Elem() }
