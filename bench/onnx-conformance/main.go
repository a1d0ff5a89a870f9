// Command onnx-conformance runs a folder of cases in the layout of ONNX's
// backend tests and says which pass, which are refused and which are wrong. It
// fails when one is wrong or too few pass.
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"

	"sightline/testkit/onnxconformance"
)

func main() {
	dir := flag.String("dir", "", "folder with cases, searched for model.onnx at any depth")
	only := flag.String("run", ".", "run the cases whose names match this regular expression")
	executor := flag.String("executor", "go", "what computes: go for the interpreter, else a command that speaks the protocol of testkit/onnxconformance.Process")
	each := flag.Bool("v", false, "name every refused case")
	flag.Parse()
	if err := run(*dir, *only, *executor, *each); err != nil {
		fmt.Fprintln(os.Stderr, "onnx-conformance:", err)
		os.Exit(1)
	}
}

func run(dir, only, executor string, each bool) error {
	if dir == "" {
		return fmt.Errorf("say which folder: -dir FOLDER (make onnx-conformance DIR=FOLDER)")
	}
	pattern, err := regexp.Compile(only)
	if err != nil {
		return fmt.Errorf("-run: %w", err)
	}
	cases, err := onnxconformance.Cases(dir)
	if err != nil {
		return err
	}
	var e onnxconformance.Executor = onnxconformance.Interpreter{}
	if executor != "go" {
		p, err := onnxconformance.StartProcess(executor)
		if err != nil {
			return err
		}
		defer p.Close()
		e = p
	}
	var s onnxconformance.Summary
	for _, c := range cases {
		if pattern.MatchString(filepath.Base(c)) {
			s.Results = append(s.Results, onnxconformance.Run(c, e))
		}
	}
	if err := s.Write(os.Stdout, each); err != nil {
		return err
	}
	return s.Err()
}
