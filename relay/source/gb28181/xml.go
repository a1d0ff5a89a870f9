package gb28181

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// Limits of a MANSCDP document.
const (
	maxDepth = 16
	maxNodes = 400000
	maxText  = 4096 // of one element
)

// node is an element of a MANSCDP document.
type node struct {
	name     string
	text     string
	attrs    map[string]string
	children []*node
}

// child finds a child by its name, whatever the case; nil without one.
func (n *node) child(name string) *node {
	if n == nil {
		return nil
	}
	for _, c := range n.children {
		if strings.EqualFold(c.name, name) {
			return c
		}
	}
	return nil
}

// get is the text of a child, empty without one.
func (n *node) get(name string) string {
	if c := n.child(name); c != nil {
		return c.text
	}
	return ""
}

// number is the number that a child holds, or def.
func (n *node) number(name string, def int) int {
	v, err := strconv.Atoi(n.get(name))
	if err != nil {
		return def
	}
	return v
}

// parseXML reads a document as devices send it: of either charset, whatever it
// declares; with raw & and <, control characters and elements that are never
// closed. It knows no entities but the five of XML, so that none can expand.
// It returns nil where there is no element.
func parseXML(raw []byte) *node {
	text := decodeText(raw)
	root := &node{}
	stack := []*node{root}
	count := 0
	var chars strings.Builder
	flush := func() {
		top := stack[len(stack)-1]
		if t := strings.TrimSpace(unescape(chars.String())); t != "" && len(stack) > 1 {
			if len(top.text)+len(t) <= maxText {
				top.text += t
			}
		}
		chars.Reset()
	}
	for text != "" {
		i := strings.IndexByte(text, '<')
		if i < 0 {
			i = len(text)
		}
		if chars.Len() < maxText {
			chars.WriteString(text[:min(i, 2*maxText)])
		}
		text = text[i:]
		tag, rest, kind := cutTag(text)
		switch kind {
		case noTag:
			if text != "" {
				chars.WriteByte('<')
				text = text[1:]
			}
			continue
		case openTag, emptyTag:
			flush()
			if count++; count > maxNodes {
				return first(root)
			}
			name, attrs := cutAttributes(tag)
			n := &node{name: name, attrs: attrs}
			if len(stack) <= maxDepth {
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
				if kind == openTag {
					stack = append(stack, n)
				}
			}
		case closeTag:
			flush()
			for j := len(stack) - 1; j > 0; j-- {
				if strings.EqualFold(stack[j].name, tag) {
					stack = stack[:j]
					break
				}
			}
		}
		text = rest
	}
	flush()
	return first(root)
}

func first(root *node) *node {
	if len(root.children) == 0 {
		return nil
	}
	return root.children[0]
}

type tagKind int

const (
	noTag tagKind = iota
	otherTag
	openTag
	emptyTag
	closeTag
)

// cutTag takes the tag at the beginning of the text.
func cutTag(text string) (tag, rest string, kind tagKind) {
	if len(text) < 3 {
		return "", text, noTag
	}
	switch c := text[1]; {
	case c == '?' || c == '!':
		end := ">"
		if strings.HasPrefix(text, "<!--") {
			end = "-->"
		} else if head, _, _ := strings.Cut(text, ">"); c == '!' && strings.Contains(head, "[") {
			end = "]>" // a document type with declarations, none of which count
		}
		_, rest, _ := strings.Cut(text, end)
		return "", rest, otherTag
	case c == '/':
		kind = closeTag
		tag = text[2:]
	case c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_':
		kind = openTag
		tag = text[1:]
	default:
		return "", text, noTag
	}
	end := strings.IndexAny(tag[:min(len(tag), 1024)], "<>")
	if end < 0 || tag[end] == '<' {
		return "", text, noTag
	}
	tag, rest = tag[:end], tag[end+1:]
	if kind == openTag && strings.HasSuffix(tag, "/") {
		kind, tag = emptyTag, tag[:len(tag)-1]
	}
	return strings.TrimSpace(tag), rest, kind
}

// cutAttributes splits a tag into its name and its attributes.
func cutAttributes(tag string) (string, map[string]string) {
	i := strings.IndexAny(tag, " \t\r\n")
	if i < 0 {
		return tag, nil
	}
	name, rest := tag[:i], tag[i:]
	var attrs map[string]string
	for len(attrs) < 16 {
		key, after, ok := strings.Cut(rest, "=")
		after = strings.TrimSpace(after)
		if !ok || after == "" || after[0] != '"' && after[0] != '\'' {
			break
		}
		value, more, ok := strings.Cut(after[1:], after[:1])
		if !ok {
			break
		}
		if attrs == nil {
			attrs = map[string]string{}
		}
		attrs[strings.TrimSpace(key)] = unescape(value)
		rest = more
	}
	return name, attrs
}

// unescape replaces the entities of XML and drops control characters; what is
// no entity stays as it is.
func unescape(s string) string {
	if !strings.ContainsFunc(s, func(r rune) bool { return r == '&' || r < ' ' || r == utf8.RuneError || r == 0x7f }) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		if s[i] == '&' {
			if j := strings.IndexByte(s[i:min(len(s), i+10)], ';'); j > 0 {
				if r := entity(s[i+1 : i+j]); r != 0 {
					b.WriteRune(r)
					i += j + 1
					continue
				}
			}
		}
		r, n := utf8.DecodeRuneInString(s[i:])
		if r >= ' ' && r != 0x7f && (r != utf8.RuneError || n > 1) {
			b.WriteRune(r)
		}
		i += n
	}
	return b.String()
}

func entity(name string) rune {
	switch name {
	case "lt":
		return '<'
	case "gt":
		return '>'
	case "amp":
		return '&'
	case "quot":
		return '"'
	case "apos":
		return '\''
	}
	if len(name) < 2 || name[0] != '#' {
		return 0
	}
	base, digits := 10, name[1:]
	if digits[0] == 'x' || digits[0] == 'X' {
		base, digits = 16, digits[1:]
	}
	n, err := strconv.ParseUint(digits, base, 21)
	if err != nil || n < ' ' || !utf8.ValidRune(rune(n)) {
		return 0
	}
	return rune(n)
}

// decodeText makes UTF-8 of a document: by what it declares, unless its bytes
// say otherwise.
func decodeText(raw []byte) string {
	if isUTF8(raw, declaresGB(raw)) {
		return strings.ToValidUTF8(string(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))), "")
	}
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(raw)
	if err != nil {
		return strings.ToValidUTF8(string(raw), "")
	}
	return string(text)
}

// isUTF8 judges by the bytes beyond ASCII. GB bytes are rarely valid UTF-8, and
// when they are, they give other characters than names in the far east are
// made of; UTF-8 may have a few bytes that are none.
func isUTF8(raw []byte, declaredGB bool) bool {
	likely, unlikely := 0, 0
	for i := 0; i < len(raw); {
		r, n := utf8.DecodeRune(raw[i:])
		switch {
		case r == utf8.RuneError && n <= 1, r >= 0x80 && r < 0x2e80 && declaredGB:
			unlikely += n
		case r >= 0x80:
			likely += n
		}
		i += n
	}
	return likely >= 2*unlikely
}

func declaresGB(raw []byte) bool {
	head := bytes.ToUpper(raw[:min(len(raw), 100)])
	return bytes.Contains(head, []byte("GB2312")) || bytes.Contains(head, []byte("GBK")) || bytes.Contains(head, []byte("GB18030"))
}
