#!/usr/bin/env bash
# Makes the generated files anew and fails when that changed, added or removed
# a file, whatever else is not yet committed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

snapshot() {
  git ls-files -z --cached --others --exclude-standard | sort -zu |
    while IFS= read -r -d '' file; do if [ -f "$file" ]; then printf '%s\0' "$file"; fi; done |
    xargs -0 sha256sum
}

before=$(snapshot)
make --no-print-directory generate
after=$(snapshot)
if ! changed=$(diff <(printf '%s\n' "$before") <(printf '%s\n' "$after") | sed -n 's/^[<>] [0-9a-f]*  //p' | sort -u) ||
  [ -n "$changed" ]; then
  printf 'generate: these files were not current; they are now, commit them:\n%s\n' "$changed" >&2
  exit 1
fi
echo "generate: everything is current"
