#!/usr/bin/env bash
# Fuzzes every fuzz target, one after another:
#
#   scripts/fuzz.sh [TIME EACH] [NAME]
#
# NAME, a regular expression, picks some. A crash leaves its input under the
# package's testdata/fuzz, which every later test run tries again.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

time_each=${1:-60s}
pattern=${2:-.}
failed=()
count=0

while IFS=: read -r file target; do
  grep -qE "$pattern" <<<"$target" || continue
  package=$(dirname "$file")
  count=$((count + 1))
  echo "fuzz: $target in $package for $time_each"
  go -C "$package" test -run '^$' -fuzz "^$target\$" -fuzztime "$time_each" . || failed+=("$target in $package")
done < <(git ls-files --cached --others --exclude-standard -- '*_test.go' |
  xargs grep -oE '^func Fuzz[A-Za-z0-9_]+' | sed 's/func //' | sort)

[ ${#failed[@]} = 0 ] || {
  printf 'fuzz: failed: %s\n' "${failed[@]}" >&2
  exit 1
}
echo "fuzz: $count targets, none failed"
