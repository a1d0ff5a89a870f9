# Sightline. `make` alone lists the targets.
#
# run and test set up what they need first (scripts/setup.sh); when nothing is
# missing that takes a moment.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
.NOTPARALLEL:
MAKEFLAGS += --no-builtin-rules
.DEFAULT_GOAL := help

# Toolchains that setup fetched come before the machine's own.
export PATH := $(CURDIR)/.tools/bin:$(PATH)

# Arguments for bin/sightline, suites for the tests, time for each fuzz target:
#   make run ARGS="-c sightline.yaml"    make test SUITES="go web"
ARGS ?=
SUITES ?=
FUZZTIME ?= 60s

# What the program and the web client are made of.
find_sources = $(shell find $(wildcard $(1)) \( -name node_modules -o -name dist -o -name testdata -o -name e2e \) -prune \
	-o -type f \( $(2) \) ! -name '*_test.go' ! -name '*.test.ts' -print)
relay_sources := $(call find_sources,relay vision,! -name '*.md') $(wildcard web/*.go)
client_sources := $(call find_sources,wasm shaders vision,-name '*.go' -o -name '*.wgsl' -o -name permutations) \
	$(call find_sources,web,! -name '*.go')
client := web/dist/manifest.json

# A folder in the layout of ONNX's backend tests, and what computes them: go for
# the reference in Go, or a command (bench/onnx-conformance/main.go).
DIR ?= .tools/onnx-cases
EXECUTOR ?= go

.PHONY: help run test build bench onnx-conformance lint generate check-generated fuzz setup setup-run setup-test clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Set up, build and start the relay with its demo camera (ARGS="-c sightline.yaml" for your own)
	@exec bin/sightline serve $(ARGS)

build: bin/sightline ## Build bin/sightline, the web client embedded

bin/sightline: $(relay_sources) $(client) go.mod go.sum | setup-run
	@echo "build: bin/sightline"
	@go build -trimpath -o $@ ./relay/cmd/sightline
	@touch $@

$(client): $(client_sources) go.mod go.sum package-lock.json | setup-run
	@echo "build: web client"
	@node web/build.mjs
	@test -s $@ && touch $@

test: setup-test ## Set up, check style and generated files, run every test (SUITES="go web" for some)
	@$(MAKE) --no-print-directory lint check-generated build
	@go run ./scripts/testreport $(SUITES)

bench: setup-test build ## Measure; prints a table and writes bench/results/*.json
	@go run ./bench $(ARGS)

onnx-conformance: setup-test ## Run cases of ONNX's backend tests (DIR=folder, EXECUTOR=go or a command)
	@go run ./bench/onnx-conformance -dir "$(DIR)" -executor "$(EXECUTOR)" $(ARGS)

lint: setup-test ## Check Go, TypeScript and C for style and mistakes
	@scripts/lint.sh

generate: setup-test ## Make the generated files anew
	@go generate ./...
	@go -C relay/astiav generate ./...

check-generated: setup-test ## Fail when a generated file is not what its source makes of it
	@scripts/check-generated.sh

fuzz: setup-test ## Fuzz every parser for FUZZTIME (60s) each
	@scripts/fuzz.sh $(FUZZTIME)

setup: setup-test ## Install everything that building, running and testing need

setup-run:
	@scripts/setup.sh run

setup-test:
	@scripts/setup.sh test

clean: ## Remove what was built (toolchains and npm packages stay; rm -rf .tools node_modules takes those)
	@rm -rf bin .cache
	@find web/dist -mindepth 1 ! -name .placeholder -delete
