package ort

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// LibraryEnv is the environment variable that names the ONNX Runtime library,
// or the folder that holds it.
const LibraryEnv = "SIGHTLINE_ONNXRUNTIME"

// Search says where a library is looked for.
type Search struct {
	// Named is a file or folder that a person has named; nothing else counts
	// then.
	Named string
	// Folders are the folders to look in, in order.
	Folders []string
}

// DefaultSearch looks where [LibraryEnv] says, or beside the program, in the
// npm package onnxruntime-node of a checkout, and in the system's folders.
func DefaultSearch() Search {
	s := Search{Named: os.Getenv(LibraryEnv)}
	var roots []string
	if exe, err := os.Executable(); err == nil {
		if real, err := filepath.EvalSymlinks(exe); err == nil {
			exe = real
		}
		dir := filepath.Dir(exe)
		s.Folders = append(s.Folders, dir, filepath.Join(dir, "lib"), filepath.Join(dir, "..", "lib"))
		roots = append(roots, dir, filepath.Dir(dir))
	}
	if wd, err := os.Getwd(); err == nil {
		// Tests run in the folder of their package.
		for range 8 {
			roots = append(roots, wd)
			if parent := filepath.Dir(wd); parent != wd {
				wd = parent
			}
		}
	}
	arch := map[string]string{"amd64": "x64", "arm64": "arm64"}[runtime.GOARCH]
	for _, root := range roots {
		found, _ := filepath.Glob(filepath.Join(root, "node_modules", "onnxruntime-node", "bin", "napi-v*", runtime.GOOS, arch))
		s.Folders = append(s.Folders, found...)
	}
	multiarch := map[string]string{"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}[runtime.GOARCH]
	s.Folders = append(s.Folders, "/opt/onnxruntime/lib", "/usr/local/lib", filepath.Join("/usr/local/lib", multiarch), "/usr/lib",
		filepath.Join("/usr/lib", multiarch), "/usr/lib64")
	return s
}

// Find returns the library's path. The error names the places.
func (s Search) Find() (string, error) {
	folders := s.Folders
	if s.Named != "" {
		info, err := os.Stat(s.Named)
		if err != nil {
			return "", fmt.Errorf("%s names %s, which cannot be used: %w", LibraryEnv, s.Named, cause(err))
		}
		if !info.IsDir() {
			return s.Named, nil
		}
		folders = []string{s.Named}
	}
	var looked []string
	for _, dir := range folders {
		if file := inFolder(dir); file != "" {
			return file, nil
		}
		if len(looked) == 0 || looked[len(looked)-1] != dir {
			looked = append(looked, dir)
		}
	}
	return "", fmt.Errorf("no libonnxruntime.so in %s", strings.Join(looked, ", "))
}

// inFolder finds the library under its names: with version, or without.
func inFolder(dir string) string {
	names := []string{"libonnxruntime.so", "libonnxruntime.so.1"}
	more, _ := filepath.Glob(filepath.Join(dir, "libonnxruntime.so.1.*"))
	for _, m := range more {
		names = append(names, filepath.Base(m))
	}
	for _, n := range names {
		if info, err := os.Stat(filepath.Join(dir, n)); err == nil && info.Mode().IsRegular() {
			return filepath.Join(dir, n)
		}
	}
	return ""
}

func cause(err error) error {
	if pe, ok := errors.AsType[*fs.PathError](err); ok {
		return pe.Err
	}
	return err
}
