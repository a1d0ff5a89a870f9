package shaders

import (
	"cmp"
	"errors"
	"slices"
	"strconv"
	"strings"
)

// Stage is a set of shader stages, with the bits of GPUShaderStage.
type Stage uint32

// The stages.
const (
	Vertex   Stage = 1
	Fragment Stage = 2
	Compute  Stage = 4
)

// EntryPoint is a function that a pipeline may start.
type EntryPoint struct {
	Name  string
	Stage Stage
	// WorkgroupSize is x, y, z of a compute entry point, else zero.
	WorkgroupSize [3]uint32
}

// BindingKind says which member of a GPUBindGroupLayoutEntry a binding needs.
type BindingKind int

// The kinds, with the member of GPUBindGroupLayoutEntry.
const (
	UniformBuffer     BindingKind = iota + 1 // buffer: {type: "uniform"}
	ReadOnlyStorage                          // buffer: {type: "read-only-storage"}
	Storage                                  // buffer: {type: "storage"}
	SampledTexture                           // texture: {sampleType, viewDimension}
	StorageTexture                           // storageTexture: {format, access, viewDimension}
	ExternalTexture                          // externalTexture: {}
	FilteringSampler                         // sampler: {type: "filtering"}
	ComparisonSampler                        // sampler: {type: "comparison"}
)

// Binding is one resource of a shader, with what a GPUBindGroupLayoutEntry says of it.
type Binding struct {
	Group, Index uint32
	Name         string
	Kind         BindingKind
	// Visibility is the stages of the shader's entry points.
	Visibility Stage
	// SampleType is "float", "sint", "uint" or "depth" for a SampledTexture.
	SampleType string
	// ViewDimension is "1d", "2d", "2d-array", "cube", "cube-array" or "3d" for textures.
	ViewDimension string
	// Format is a StorageTexture's texel format, as "rgba8unorm".
	Format string
	// Access is "write-only", "read-only" or "read-write" for a StorageTexture.
	Access string
}

// Binding returns the resource with a name.
func (s *Shader) Binding(name string) (Binding, bool) {
	for _, b := range s.Bindings {
		if b.Name == name {
			return b, true
		}
	}
	return Binding{}, false
}

// Groups returns the bindings by group, for one bind group layout each; a group that the shader does
// not use, below one that it does, is empty.
func (s *Shader) Groups() [][]Binding {
	var groups [][]Binding
	for _, b := range s.Bindings {
		for uint32(len(groups)) <= b.Group {
			groups = append(groups, nil)
		}
		groups[b.Group] = append(groups[b.Group], b)
	}
	return groups
}

// EntryPoint returns the first entry point of a stage.
func (s *Shader) EntryPoint(stage Stage) (EntryPoint, bool) {
	for _, e := range s.EntryPoints {
		if e.Stage == stage {
			return e, true
		}
	}
	return EntryPoint{}, false
}

// parse reads entry points and bindings from the text. It knows as much WGSL as declarations need:
// attributes, var and fn at module scope, and const with a literal for workgroup sizes.
func (s *Shader) parse() error {
	p := parser{tokens: tokens(s.Code), constants: map[string]string{}}
	if err := p.module(); err != nil {
		return err
	}
	if len(p.entries) == 0 {
		return errors.New("no entry point")
	}
	var stages Stage
	for _, e := range p.entries {
		stages |= e.Stage
	}
	for i := range p.bindings {
		p.bindings[i].Visibility = stages
	}
	slices.SortFunc(p.bindings, func(a, b Binding) int {
		return cmp.Or(cmp.Compare(a.Group, b.Group), cmp.Compare(a.Index, b.Index))
	})
	for i := 1; i < len(p.bindings); i++ {
		a, b := p.bindings[i-1], p.bindings[i]
		if a.Group == b.Group && a.Index == b.Index {
			return errors.New(a.Name + " and " + b.Name + " have the same group and binding")
		}
	}
	s.EntryPoints, s.Bindings = p.entries, p.bindings
	return nil
}

// maxGroup is what WebGPU's default maxBindGroups of 4 allows.
const maxGroup = 3

type parser struct {
	tokens    []string
	pos       int
	constants map[string]string
	entries   []EntryPoint
	bindings  []Binding
}

// attributes are those before one declaration, each with its arguments.
type attributes map[string][]string

func (p *parser) next() string {
	if p.pos >= len(p.tokens) {
		return ""
	}
	p.pos++
	return p.tokens[p.pos-1]
}

// module walks the declarations at module scope; bodies in braces are skipped whole.
func (p *parser) module() error {
	attrs := attributes{}
	for p.pos < len(p.tokens) {
		switch t := p.next(); t {
		case "@":
			name := p.next()
			attrs[name] = []string{}
			if p.pos < len(p.tokens) && p.tokens[p.pos] == "(" {
				p.next()
				for p.pos < len(p.tokens) && p.tokens[p.pos] != ")" {
					if t := p.next(); t != "," {
						attrs[name] = append(attrs[name], t)
					}
				}
				p.next()
			}
			continue
		case "const":
			name := p.next()
			if p.pos+2 < len(p.tokens) && p.tokens[p.pos] == "=" && p.tokens[p.pos+2] == ";" {
				p.constants[name] = p.tokens[p.pos+1]
			}
		case "fn":
			if err := p.function(p.next(), attrs); err != nil {
				return err
			}
		case "var":
			if err := p.variable(attrs); err != nil {
				return err
			}
		case "{":
			p.skipBlock()
		}
		attrs = attributes{}
	}
	return nil
}

// skipBlock moves behind the closing brace of a block just opened.
func (p *parser) skipBlock() {
	for depth := 1; depth > 0 && p.pos < len(p.tokens); {
		switch p.next() {
		case "{":
			depth++
		case "}":
			depth--
		}
	}
}

func (p *parser) function(name string, attrs attributes) error {
	// Attributes of parameters and result stand before the body and are no entry point's.
	for p.pos < len(p.tokens) && p.tokens[p.pos] != "{" {
		p.next()
	}
	e := EntryPoint{Name: name}
	for word, stage := range map[string]Stage{"vertex": Vertex, "fragment": Fragment, "compute": Compute} {
		if _, has := attrs[word]; has {
			e.Stage = stage
		}
	}
	if e.Stage == 0 {
		return nil
	}
	if e.Stage == Compute {
		sizes := attrs["workgroup_size"]
		if len(sizes) < 1 || len(sizes) > 3 {
			return errors.New("fn " + name + " has no workgroup size")
		}
		e.WorkgroupSize = [3]uint32{1, 1, 1}
		for i, word := range sizes {
			n, err := p.integer(word)
			if err != nil || n == 0 {
				return errors.New("fn " + name + ": workgroup size " + word + " is not a positive integer or constant")
			}
			e.WorkgroupSize[i] = n
		}
	}
	p.entries = append(p.entries, e)
	return nil
}

func (p *parser) integer(word string) (uint32, error) {
	if value, ok := p.constants[word]; ok {
		word = value
	}
	n, err := strconv.ParseUint(strings.TrimRight(word, "ui"), 10, 32)
	return uint32(n), err
}

// variable reads what follows var: <space, access> name : type ;
func (p *parser) variable(attrs attributes) error {
	var space []string
	if p.pos < len(p.tokens) && p.tokens[p.pos] == "<" {
		for p.next(); p.pos < len(p.tokens) && p.tokens[p.pos] != ">"; {
			if t := p.next(); t != "," {
				space = append(space, t)
			}
		}
		p.next()
	}
	name := p.next()
	var typ []string
	if p.next() == ":" {
		for p.pos < len(p.tokens) && p.tokens[p.pos] != ";" && p.tokens[p.pos] != "=" {
			typ = append(typ, p.next())
		}
	}
	group, binding := attrs["group"], attrs["binding"]
	if group == nil && binding == nil {
		return nil
	}
	if len(group) != 1 || len(binding) != 1 {
		return errors.New("var " + name + " needs both group and binding")
	}
	b := Binding{Name: name}
	var err1, err2 error
	b.Group, err1 = p.integer(group[0])
	b.Index, err2 = p.integer(binding[0])
	if err1 != nil || err2 != nil {
		return errors.New("var " + name + ": group or binding is no integer")
	}
	if b.Group > maxGroup {
		return errors.New("var " + name + ": group " + group[0] + " is above " + strconv.Itoa(maxGroup))
	}
	if !b.setType(space, typ) {
		return errors.New("var " + name + ": cannot bind type " + strings.Join(typ, ""))
	}
	p.bindings = append(p.bindings, b)
	return nil
}

// setType fills in what address space and store type say; false for a type that cannot be bound.
func (b *Binding) setType(space, typ []string) bool {
	if len(typ) == 0 {
		return false
	}
	switch strings.Join(space, " ") {
	case "uniform":
		b.Kind = UniformBuffer
		return true
	case "storage", "storage read":
		b.Kind = ReadOnlyStorage
		return true
	case "storage read_write":
		b.Kind = Storage
		return true
	case "":
	default:
		return false
	}
	// Of texture_2d < f32 > these are "f32"; of texture_storage_2d<rgba8unorm, write> both.
	var arguments []string
	if len(typ) > 1 {
		for _, t := range typ[1:] {
			if t != "<" && t != ">" && t != "," {
				arguments = append(arguments, t)
			}
		}
	}
	switch typ[0] {
	case "sampler":
		b.Kind = FilteringSampler
		return true
	case "sampler_comparison":
		b.Kind = ComparisonSampler
		return true
	case "texture_external":
		b.Kind = ExternalTexture
		return true
	}
	if rest, ok := strings.CutPrefix(typ[0], "texture_storage_"); ok {
		if len(arguments) != 2 {
			return false
		}
		b.Kind, b.ViewDimension, b.Format = StorageTexture, dimension(rest), arguments[0]
		b.Access = map[string]string{"write": "write-only", "read": "read-only", "read_write": "read-write"}[arguments[1]]
		return b.ViewDimension != "" && b.Access != ""
	}
	if rest, ok := strings.CutPrefix(typ[0], "texture_depth_"); ok {
		b.Kind, b.ViewDimension, b.SampleType = SampledTexture, dimension(rest), "depth"
		return b.ViewDimension != ""
	}
	if rest, ok := strings.CutPrefix(typ[0], "texture_"); ok && len(arguments) == 1 {
		b.Kind, b.ViewDimension = SampledTexture, dimension(rest)
		b.SampleType = map[string]string{"f32": "float", "i32": "sint", "u32": "uint"}[arguments[0]]
		return b.ViewDimension != "" && b.SampleType != ""
	}
	return false
}

// dimension is the GPUTextureViewDimension of a texture type's ending, or "".
func dimension(ending string) string {
	switch ending {
	case "1d", "2d", "3d", "cube":
		return ending
	case "2d_array", "cube_array":
		return strings.TrimSuffix(ending, "_array") + "-array"
	}
	return ""
}

// tokens splits WGSL into names, numbers and single characters, without comments.
func tokens(code string) []string {
	var list []string
	for i := 0; i < len(code); {
		switch c := code[i]; {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r':
			i++
		case strings.HasPrefix(code[i:], "//"):
			if end := strings.IndexByte(code[i:], '\n'); end >= 0 {
				i += end
			} else {
				i = len(code)
			}
		case strings.HasPrefix(code[i:], "/*"):
			i = skipComment(code, i)
		case isLetter(c) || isDigit(c):
			start := i
			for i < len(code) && (isLetter(code[i]) || isDigit(code[i]) || code[i] == '.' && isDigit(c)) {
				i++
			}
			list = append(list, code[start:i])
		default:
			list = append(list, code[i:i+1])
			i++
		}
	}
	return list
}

// skipComment returns the index behind a block comment; they nest.
func skipComment(code string, i int) int {
	depth := 0
	for i < len(code) {
		switch {
		case strings.HasPrefix(code[i:], "/*"):
			depth++
			i += 2
		case strings.HasPrefix(code[i:], "*/"):
			depth--
			i += 2
			if depth == 0 {
				return i
			}
		default:
			i++
		}
	}
	return i
}
