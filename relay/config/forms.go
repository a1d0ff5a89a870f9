package config

import (
	"fmt"
	"os"
	"strings"

	"github.com/goccy/go-yaml/ast"
)

func (s Source) validate() []Problem {
	if s.URL == "" {
		return []Problem{{missing: true, Text: "is missing; write demo, a file's path, or rtsp://camera/stream"}}
	}
	if s.PasswordEnv != "" && s.PasswordFile != "" {
		return []Problem{{Key: "password_file", Text: "password_env is given too; use one of them"}}
	}
	if s.User == "" && (s.PasswordEnv != "" || s.PasswordFile != "" || !s.Password.IsZero()) {
		return []Problem{{Key: "user", missing: true, Text: "is missing; a password needs a user name"}}
	}
	return nil
}

// readPassword fills Password from where the file says it is.
func (s *Source) readPassword() []Problem {
	switch {
	case s.PasswordEnv != "" && s.PasswordFile != "":
		return nil // reported by validate
	case s.PasswordEnv != "":
		v := os.Getenv(s.PasswordEnv)
		if v == "" {
			return []Problem{{Key: "password_env", Text: fmt.Sprintf("the environment variable %q is not set; set it before the relay starts", s.PasswordEnv)}}
		}
		s.Password = NewSecret(v)
	case s.PasswordFile != "":
		info, err := os.Stat(s.PasswordFile)
		if err == nil && (!info.Mode().IsRegular() || info.Size() > 4096) {
			err = fmt.Errorf("it is no regular file of at most 4096 bytes")
		}
		var data []byte
		if err == nil {
			data, err = os.ReadFile(s.PasswordFile)
		}
		if err != nil {
			return []Problem{{Key: "password_file", Text: fmt.Sprintf("the file %q cannot be read: %v", s.PasswordFile, bare(err))}}
		}
		v := strings.TrimRight(string(data), " \t\r\n")
		switch {
		case v == "":
			return []Problem{{Key: "password_file", Text: fmt.Sprintf("the file %q is empty", s.PasswordFile)}}
		case strings.ContainsFunc(v, isControl):
			return []Problem{{Key: "password_file", Text: fmt.Sprintf("the file %q has more than one line, or control characters", s.PasswordFile)}}
		}
		s.Password = NewSecret(v)
	}
	return nil
}

// decodeNode reads a source as an address or as {url, user, ...}.
func (s *Source) decodeNode(d *decoder, path string, n ast.Node) {
	urlPath, urlNode := path, n
	var raw string
	if m, ok := n.(*ast.MappingNode); ok {
		var form struct {
			URL          string `yaml:"url"`
			User         string `yaml:"user"`
			PasswordEnv  string `yaml:"password_env"`
			PasswordFile string `yaml:"password_file"`
		}
		before := len(d.problems)
		d.decode(path, m, addressable(&form))
		s.User, s.PasswordEnv, s.PasswordFile = form.User, form.PasswordEnv, form.PasswordFile
		if len(d.problems) > before {
			return
		}
		raw, urlPath = form.URL, join(path, "url")
		if raw == "" {
			d.fail(path, n, "url is missing; write {url: rtsp://camera/stream, user: NAME, password_env: VARIABLE}")
			return
		}
	} else {
		text, ok := d.scalar(path, n)
		if !ok {
			return
		}
		raw = text
	}
	p, err := ParseSource(raw)
	if err != nil {
		d.fail(urlPath, urlNode, "the address %v", err)
		return
	}
	if !p.Password.IsZero() || p.User != "" {
		if s.User != "" || s.PasswordEnv != "" || s.PasswordFile != "" {
			d.fail(urlPath, urlNode, "the address has a user name of its own; give credentials in one place")
			return
		}
		s.User, s.Password = p.User, p.Password
	}
	s.URL = p.URL
}

// decodeNode reads TLS as a word or as {cert, key}.
func (t *TLS) decodeNode(d *decoder, path string, n ast.Node) {
	if m, ok := n.(*ast.MappingNode); ok {
		var form struct {
			Cert string `yaml:"cert"`
			Key  string `yaml:"key"`
		}
		d.decode(path, m, addressable(&form))
		*t = TLS{Mode: TLSFile, Cert: form.Cert, Key: form.Key}
		return
	}
	text, ok := d.scalar(path, n)
	if !ok {
		return
	}
	switch text {
	case "true":
		text = "on" // what YAML 1.1 makes of on and off
	case "false":
		text = "off"
	}
	if TLSMode(text) == TLSFile {
		d.fail(path, n, "write the files as tls: {cert: FILE, key: FILE}")
		return
	}
	*t = TLS{Mode: TLSMode(text)}
}
