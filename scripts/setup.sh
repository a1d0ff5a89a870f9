#!/usr/bin/env bash
# Sets up everything that Sightline needs on this machine:
#
#   scripts/setup.sh run     to build and run it
#   scripts/setup.sh test    to test it as well
#
# System packages come through apt, Go through the Go module proxy and Node.js
# through the npm registry where the machine's own are absent or too old, then
# the Go modules and npm packages that the lock files name. What is there
# already is left alone, so a second run takes a moment. Nothing is written
# outside the checkout but system packages and the clients' own caches.
set -euo pipefail

cd "$(dirname "${BASH_SOURCE[0]}")/.."
tools=$PWD/.tools
stamps=$tools/stamps
log=$tools/setup.log
set_name=${1:-run}

say() { printf 'setup: %s\n' "$*"; }
die() {
  printf 'setup: %s\n' "$@" >&2
  exit 1
}

case $set_name in
run) package_files=(scripts/packages-run.txt) ;;
test) package_files=(scripts/packages-run.txt scripts/packages-test.txt) ;;
*) die "unknown set '$set_name': say run or test" ;;
esac
[ "$(uname -s)" = Linux ] || die "this is $(uname -s); Sightline builds on Linux (Debian 12 is what it is tested on)"
case $(uname -m) in
x86_64) go_arch=amd64 node_arch=x64 ;;
aarch64) go_arch=arm64 node_arch=arm64 ;;
*) die "unknown processor $(uname -m): there are toolchains for x86_64 and aarch64" ;;
esac

mkdir -p "$tools/bin" "$stamps"

# pinned NAME prints the version that versions.txt gives for NAME.
pinned() { awk -v name="$1" '$1 == name { print $2 }' scripts/versions.txt; }

# at_least HAVE WANT compares dotted versions.
at_least() { [ "$(printf '%s\n%s\n' "$2" "$1" | sort -V | head -n 1)" = "$2" ]; }

# logged WORDS -- COMMAND runs a command with its output in the log, and shows
# the log's end when it fails.
logged() {
  local what=$1
  shift
  if ! "$@" >>"$log" 2>&1; then
    tail -n 25 "$log" >&2
    die "$what failed; all of its output is in ${log#"$PWD"/}"
  fi
}

# --- System packages ---------------------------------------------------------

# has_substitute KIND:NAME tells whether something else does the package's job.
has_substitute() {
  case $1 in
  cmd:*) command -v "${1#cmd:}" >/dev/null 2>&1 ;;
  pc:*) pkg-config --exists "${1#pc:}" 2>/dev/null ;;
  file:*) [ -e "${1#file:}" ] ;;
  *) return 1 ;;
  esac
}

missing_packages() {
  local installed package substitute
  installed=$(dpkg-query -W -f '${db:Status-Abbrev} ${Package}\n' 2>/dev/null | awk '$1 == "ii" { print $2 }' || true)
  cat "${package_files[@]}" | while read -r package substitute; do
    case $package in '' | '#'*) continue ;; esac
    grep -qxF "$package" <<<"$installed" && continue
    has_substitute "$substitute" && continue
    printf '%s\n' "$package"
  done
}

# as_root prints the words before a command that make root run it.
as_root() {
  if [ "$(id -u)" = 0 ]; then
    echo env
  elif command -v sudo >/dev/null 2>&1 && { sudo -n true 2>/dev/null || [ -t 0 ]; }; then
    echo sudo env
  else
    return 1
  fi
}

# apt runs apt-get as root, everything in the log, one line per 25 packages.
apt() {
  local root
  root=$(as_root)
  # shellcheck disable=SC2086 # two words on purpose
  $root DEBIAN_FRONTEND=noninteractive apt-get -q -o Dpkg::Use-Pty=0 "$@" </dev/null 2>&1 |
    tee -a "$log" |
    awk '/^Need to get/ { print "setup:   " $0; fflush() }
         /^Setting up/ { if (++n % 25 == 0) { print "setup:   " n " packages set up"; fflush() } }'
}

system_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} = 0 ] && return
  if ! command -v apt-get >/dev/null 2>&1; then
    die "this machine has no apt-get. Install what these Debian packages hold, then try again:" \
      "  ${missing[*]}"
  fi
  if ! as_root >/dev/null; then
    die "${#missing[@]} system packages are missing, and installing them needs root (or sudo)." \
      "Have this run by root, then try again:" \
      "  apt-get update" \
      "  apt-get install --no-install-recommends ${missing[*]}"
  fi
  say "installing system packages: ${missing[*]}"
  # One unreachable repository of many need not matter.
  apt update || say "apt-get update met an error; going on with the package lists there are"
  if ! apt install -y --no-install-recommends "${missing[@]}"; then
    tail -n 25 "$log" >&2
    die "apt-get failed; all of its output is in ${log#"$PWD"/}"
  fi
  mapfile -t missing < <(missing_packages)
  [ ${#missing[@]} = 0 ] || die "still missing after apt-get: ${missing[*]}"
}

# --- Go ----------------------------------------------------------------------

# go_version prints the Go that works in this module: a newer go switches to
# what go.mod asks for by itself, unless told not to.
go_version() { go env GOVERSION 2>/dev/null | sed 's/^go//; s/ .*//'; }

go_toolchain() {
  local have want version module cache dir
  want=$(awk '$1 == "go" { print $2; exit }' go.mod)
  have=$(go_version || true)
  [ -n "$have" ] && at_least "$have" "$want" && return
  version=$(pinned go)
  module=golang.org/toolchain@v0.0.1-go$version.linux-$go_arch
  say "fetching Go $version (this machine's go is $(cd / && go env GOVERSION 2>/dev/null || echo too old); go.mod asks for $want)"
  cache=$tools/go-download
  rm -rf "$tools/go"
  # The go command checks what it gets against the checksum database.
  logged "fetching Go $version" env -C / GO111MODULE=on GOTOOLCHAIN=local GOFLAGS=-modcacherw \
    GOMODCACHE="$cache" go mod download -json "$module"
  dir=$cache/$module
  [ -x "$dir" ] || die "the go command left no toolchain in ${dir#"$PWD"/}"
  # Module archives carry no permission bits and no nested go.mod files; a go
  # command that knows toolchains puts both back the same way.
  chmod -R u+rwX "$dir"
  chmod -R a+x "$dir/bin" "$dir/pkg/tool"
  find "$dir/lib" -name 'go_?*_?*_exec' -exec chmod a+x {} +
  find "$dir" -name _go.mod -execdir cp -f {} go.mod \;
  mv "$dir" "$tools/go"
  chmod -R u+w "$cache" && rm -rf "$cache"
  ln -sfn ../go/bin/go "$tools/bin/go"
  ln -sfn ../go/bin/gofmt "$tools/bin/gofmt"
  hash -r
  have=$(go_version || true)
  at_least "${have:-0}" "$want" || die "the Go just fetched says '$have', not $version"
}

# go_modules MODULE_DIR downloads what its go.mod and go.sum name.
go_modules() {
  local cache stamp
  cache=$(go env GOMODCACHE)
  stamp=$stamps/go-$({
    echo "$cache"
    cat "$1/go.mod"
    [ ! -e "$1/go.sum" ] || cat "$1/go.sum"
  } | sha256sum | cut -c1-20)
  [ -e "$stamp" ] && [ -d "$cache" ] && return
  say "downloading Go modules of $1"
  logged "downloading the Go modules of $1" go -C "$1" mod download
  touch "$stamp"
}

# --- Node.js and npm packages --------------------------------------------------

# The machine's npm belongs to the machine's node, not to the one in .tools.
machine_path=$PATH
machine_path=${machine_path//"$tools/bin:"/}

node_runtime() {
  local have want version package
  want=$(sed -n 's/.*"node": ">=\([0-9.]*\)".*/\1/p' package.json)
  have=$(node --version 2>/dev/null | sed 's/^v//' || true)
  [ -n "$have" ] && at_least "$have" "$want" && return
  version=$(pinned node)
  package=node-linux-$node_arch
  say "fetching Node.js $version (this machine's node is ${have:-absent}; package.json asks for $want)"
  rm -rf "$tools/node"
  mkdir -p "$tools/node"
  printf '{"private": true}\n' >"$tools/node/package.json"
  logged "fetching Node.js $version" env PATH="$machine_path" \
    npm install --engine-strict=false --prefix "$tools/node" --no-audit --no-fund --ignore-scripts --save-exact "$package@$version"
  ln -sfn "../node/node_modules/$package/bin/node" "$tools/bin/node"
  hash -r
  have=$(node --version 2>/dev/null | sed 's/^v//' || true)
  at_least "${have:-0}" "$want" || die "the Node.js just fetched says '$have', not $version"
}

npm_packages() {
  local stamp want
  stamp=node_modules/.sightline
  want=$(cat package.json package-lock.json .npmrc | sha256sum | cut -c1-20)
  [ "$(cat "$stamp" 2>/dev/null)" = "$want" ] && return
  say "installing npm packages"
  # None of them needs its install script on Linux.
  logged "npm ci" env PATH="$machine_path" npm ci --engine-strict=false --no-audit --no-fund --ignore-scripts
  # ONNX Runtime comes for every system and processor; one is enough.
  find node_modules/onnxruntime-node/bin -mindepth 2 -maxdepth 3 -type d \
    \( -path '*/napi-v*/darwin' -o -path '*/napi-v*/win32' -o -path '*/linux/*' ! -path "*/linux/$node_arch" \) -prune -exec rm -rf {} +
  printf '%s\n' "$want" >"$stamp"
}

# --- Test cases of ONNX ----------------------------------------------------------

# onnx_cases fetches the cases of ONNX's backend tests, which are files of the
# project's Python package. pip checks its hash; nothing of it is installed or
# run, so that the wheel for one kind of machine does for all.
onnx_cases() {
  local requirements=scripts/onnx-cases.txt folder=$tools/onnx-cases want
  want=$(sha256sum <"$requirements")
  [ "$(cat "$folder/.sightline" 2>/dev/null)" = "$want" ] && return
  say "fetching the test cases of ONNX"
  rm -rf "$folder"
  mkdir -p "$folder/download"
  logged "fetching the test cases of ONNX" python3 -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes \
    --only-binary :all: --implementation cp --python-version 3.11 --platform manylinux_2_17_x86_64 \
    --dest "$folder/download" --requirement "$requirements"
  logged "unpacking the test cases of ONNX" python3 - "$folder" <<'EOF'
import glob, pathlib, sys, zipfile
folder = pathlib.Path(sys.argv[1])
prefix = "onnx/backend/test/data/"
for wheel in glob.glob(str(folder / "download" / "*.whl")):
    with zipfile.ZipFile(wheel) as z:
        for name in z.namelist():
            if name.startswith(prefix) and not name.endswith("/"):
                to = folder / name[len(prefix):]
                to.parent.mkdir(parents=True, exist_ok=True)
                to.write_bytes(z.read(name))
EOF
  rm -rf "$folder/download"
  printf '%s\n' "$want" >"$folder/.sightline"
}

export PATH=$tools/bin:$machine_path
exec 9>"$tools/setup.lock"
flock -n 9 || {
  say "waiting for another setup of this checkout"
  flock 9
}
started=$SECONDS
: >"$log"
system_packages
go_toolchain
for module in . relay/astiav $([ "$set_name" = test ] && echo scripts/tools); do
  go_modules "$module"
done
node_runtime
npm_packages
[ "$set_name" != test ] || onnx_cases
[ $((SECONDS - started)) -lt 3 ] || say "done in $((SECONDS - started)) s"
