#!/usr/bin/env bash
# Checks every language of the repository for style and likely mistakes. All
# checks run; the exit status says whether any of them failed.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

staticcheck=$PWD/.tools/bin/staticcheck
failed=()

# check NAME COMMAND... runs one check and remembers its failure.
check() {
  local name=$1 output
  shift
  if output=$("$@" 2>&1); then
    printf 'lint: ok    %s\n' "$name"
  else
    printf 'lint: FAIL  %s\n%s\n' "$name" "$output"
    failed+=("$name")
  fi
}

# files PATTERN... lists tracked files and those about to be.
files() {
  git ls-files -z --cached --others --exclude-standard -- "$@" | sort -zu |
    while IFS= read -r -d '' file; do if [ -f "$file" ]; then printf '%s\0' "$file"; fi; done
}

formatted_go() {
  local unformatted
  unformatted=$(files '*.go' | xargs -0 -r gofmt -l) || return
  [ -z "$unformatted" ] || { echo "gofmt -w these files:" && echo "$unformatted" && return 1; }
}

formatted_c() { files '*.c' '*.h' ':!:bpf/vmlinux*.h' | xargs -0 -r clang-format --dry-run --Werror; }

# in_wasm COMMAND... runs a command for the browser's half of the Go code.
in_wasm() { GOOS=js GOARCH=wasm CGO_ENABLED=0 "$@"; }

# in_astiav COMMAND... runs a command in the nested module.
in_astiav() { (cd relay/astiav && "$@"); }

# Built once for each release; go caches what it is built of.
check 'build staticcheck' go build -C scripts/tools -o "$staticcheck" honnef.co/go/tools/cmd/staticcheck

wasm=()
[ -d wasm ] && wasm=(./wasm/...)
check 'gofmt' formatted_go
check 'go vet' go vet ./...
check 'go vet, relay/astiav' in_astiav go vet ./...
check 'staticcheck' "$staticcheck" ./...
check 'staticcheck, relay/astiav' in_astiav "$staticcheck" ./...
if [ ${#wasm[@]} -gt 0 ]; then
  check 'go vet, js/wasm' in_wasm go vet "${wasm[@]}"
  check 'go vet, js/wasm, neural' in_wasm go vet -tags neural ./wasm/player
  check 'staticcheck, js/wasm' in_wasm "$staticcheck" "${wasm[@]}"
fi
check 'clang-format' formatted_c
check 'biome' node_modules/.bin/biome check --error-on-warnings .
check 'tsc' node_modules/.bin/tsc -p tsconfig.json
check 'tsc, tests' node_modules/.bin/tsc -p tsconfig.test.json

if [ ${#failed[@]} -gt 0 ]; then
  (
    IFS=,
    echo "lint: failed: ${failed[*]}"
  )
  exit 1
fi
