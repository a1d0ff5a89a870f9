package shaders

import (
	"embed"
	"errors"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed *.wgsl lib/*.wgsl permutations
var files embed.FS

// Permutation is one variant of a WGSL file.
type Permutation struct {
	// Name identifies the variant, as planes_nv12_tensor.
	Name string
	// File is the WGSL file it is made from.
	File string
	// Conditions are the names that hold in #if.
	Conditions []string
	// Constants are the constants put before the text, as WORKGROUP_X; Compose may override them.
	Constants []Constant
}

// Constant is one line "const Name = Value;" put before a shader's text. Value is a WGSL number.
type Constant struct {
	Name, Value string
}

// Shader is a composed permutation, ready for createShaderModule.
type Shader struct {
	// Name is the permutation's name.
	Name string
	// Code is the complete WGSL text.
	Code string
	// EntryPoints are the functions with a stage, in the order of the text.
	EntryPoints []EntryPoint
	// Bindings are the resources, ordered by group and index.
	Bindings []Binding
}

// Permutations returns every permutation in the order of the permutations file.
func Permutations() ([]Permutation, error) {
	text, err := files.ReadFile("permutations")
	if err != nil {
		return nil, errors.New("shaders: " + err.Error())
	}
	list, err := parsePermutations(string(text))
	if err != nil {
		return nil, errors.New("shaders: " + err.Error())
	}
	return list, nil
}

// Compose makes the shader of a permutation by name. Constants replace those of the permutations file
// and must be among them; they may stand before the name too, as in "OPERATION=1u/nn_map", so that one
// string names a kernel that a plan asks for. An unknown name, directive or constant, and a text whose bindings cannot be
// read, is an error that names file and line.
func Compose(name string, constants ...Constant) (*Shader, error) {
	list, err := Permutations()
	if err != nil {
		return nil, err
	}
	words := strings.Split(name, "/")
	var named []Constant
	for _, word := range words[:len(words)-1] {
		constant, value, _ := strings.Cut(word, "=")
		named = append(named, Constant{constant, value})
	}
	for _, p := range list {
		if p.Name == words[len(words)-1] {
			s, err := compose(files, p, append(named, constants...))
			if err != nil {
				return nil, errors.New("shaders: compose " + name + ": " + err.Error())
			}
			s.Name = name
			return s, nil
		}
	}
	return nil, errors.New("shaders: no permutation is named " + strconv.Quote(words[len(words)-1]))
}

func compose(fsys fs.FS, p Permutation, overrides []Constant) (*Shader, error) {
	constants := append([]Constant(nil), p.Constants...)
	for _, o := range overrides {
		if !setConstant(constants, o) {
			return nil, errors.New("no constant is named " + strconv.Quote(o.Name))
		}
	}
	c := composer{fsys: fsys, conditions: map[string]bool{}, tested: map[string]bool{}, imported: map[string]bool{}}
	for _, k := range constants {
		if !isIdentifier(k.Name) || !isNumber(k.Value) {
			return nil, errors.New("constant " + k.Name + "=" + k.Value + " is not a name and a number")
		}
		c.out.WriteString("const " + k.Name + " = " + k.Value + ";\n")
	}
	for _, name := range p.Conditions {
		c.conditions[name] = true
	}
	if err := c.include(p.File); err != nil {
		return nil, err
	}
	// A condition that no #if asks for is a misspelt one.
	for _, name := range p.Conditions {
		if !c.tested[name] {
			return nil, errors.New(p.File + ": no #if asks for " + name)
		}
	}
	s := &Shader{Name: p.Name, Code: c.out.String()}
	if err := s.parse(); err != nil {
		return nil, err
	}
	return s, nil
}

func setConstant(list []Constant, c Constant) bool {
	for i := range list {
		if list[i].Name == c.Name {
			list[i].Value = c.Value
			return true
		}
	}
	return false
}

// composer resolves the directives of one shader.
type composer struct {
	fsys       fs.FS
	out        strings.Builder
	conditions map[string]bool
	tested     map[string]bool
	imported   map[string]bool
}

// branch is one open #if: whether its lines are kept, whether those around it are, whether #else came.
type branch struct {
	keep, outer, inElse bool
	line                int
}

// include appends a file with its directives resolved. A file is imported once, however often asked.
func (c *composer) include(path string) error {
	if c.imported[path] {
		return nil
	}
	c.imported[path] = true
	text, err := fs.ReadFile(c.fsys, path)
	if err != nil {
		return err
	}
	keep := true
	var open []branch
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		at := func(message string) error {
			return errors.New(path + ":" + strconv.Itoa(i+1) + ": " + message)
		}
		trimmed := strings.TrimSpace(line)
		if !strings.HasPrefix(trimmed, "#") {
			if keep {
				c.out.WriteString(line)
				c.out.WriteByte('\n')
			}
			continue
		}
		words := strings.Fields(trimmed)
		wantWords := 1
		switch words[0] {
		case "#import", "#if":
			wantWords = 2
		case "#else", "#endif":
		default:
			return at("unknown directive " + words[0])
		}
		if len(words) != wantWords {
			return at(words[0] + " takes " + strconv.Itoa(wantWords-1) + " word(s), got " + strconv.Itoa(len(words)-1))
		}
		switch words[0] {
		case "#import":
			if !keep {
				continue
			}
			if err := c.include(words[1]); err != nil {
				return at("import: " + err.Error())
			}
		case "#if":
			if !isIdentifier(words[1]) {
				return at("#if asks for " + strconv.Quote(words[1]) + ", which is no name")
			}
			c.tested[words[1]] = true
			open = append(open, branch{keep: c.conditions[words[1]], outer: keep, line: i + 1})
			keep = keep && c.conditions[words[1]]
		case "#else":
			if len(open) == 0 || open[len(open)-1].inElse {
				return at("#else without #if")
			}
			b := &open[len(open)-1]
			b.inElse = true
			keep = b.outer && !b.keep
		case "#endif":
			if len(open) == 0 {
				return at("#endif without #if")
			}
			keep = open[len(open)-1].outer
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		return errors.New(path + ":" + strconv.Itoa(open[len(open)-1].line) + ": #if without #endif")
	}
	return nil
}

// parsePermutations reads the permutations file: "file NAME=number ...", then
// "+ name: CONDITION ... NAME=number ..." for each permutation; # begins a comment.
func parsePermutations(text string) ([]Permutation, error) {
	var list []Permutation
	var family Permutation
	names := map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		fail := func(message string) ([]Permutation, error) {
			return nil, errors.New("permutations:" + strconv.Itoa(i+1) + ": " + message)
		}
		line, _, _ = strings.Cut(line, "#")
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		rest, isPermutation := strings.CutPrefix(line, "+")
		p := Permutation{File: family.File, Constants: append([]Constant(nil), family.Constants...)}
		if isPermutation {
			name, words, found := strings.Cut(rest, ":")
			p.Name = strings.TrimSpace(name)
			switch {
			case !found || !isIdentifier(p.Name):
				return fail("want \"+ name: CONDITION ...\"")
			case family.File == "":
				return fail(p.Name + " stands before any file")
			case names[p.Name]:
				return fail(p.Name + " is there twice")
			}
			names[p.Name] = true
			rest = words
		} else {
			p.File, rest, _ = strings.Cut(line, " ")
			p.Constants = nil
		}
		for _, word := range strings.Fields(rest) {
			name, value, isConstant := strings.Cut(word, "=")
			switch {
			case !isIdentifier(name) || isConstant && !isNumber(value):
				return fail(strconv.Quote(word) + " is neither a condition nor NAME=number")
			case !isConstant && !isPermutation:
				return fail("condition " + name + " on a file's line")
			case !isConstant:
				p.Conditions = append(p.Conditions, name)
			case !setConstant(p.Constants, Constant{name, value}):
				p.Constants = append(p.Constants, Constant{name, value})
			}
		}
		if isPermutation {
			list = append(list, p)
		} else {
			family = p
		}
	}
	return list, nil
}

func isIdentifier(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; !isLetter(c) && (i == 0 || !isDigit(c)) {
			return false
		}
	}
	return s != ""
}

// isNumber reports whether s is a WGSL integer or float literal without sign games or expressions.
func isNumber(s string) bool {
	digits := strings.TrimPrefix(s, "-")
	if n := len(digits); n > 1 && (digits[n-1] == 'u' || digits[n-1] == 'i') {
		digits = digits[:n-1]
		if strings.Contains(digits, ".") {
			return false
		}
	}
	if digits == "" || !isDigit(digits[0]) {
		return false
	}
	_, err := strconv.ParseFloat(digits, 64)
	return err == nil && !strings.ContainsAny(digits, "_xXpP")
}

func isLetter(c byte) bool { return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
