#!/usr/bin/env bash
# Usage: report.sh BINARY OUT
# Makes ledgers of made-up calls, and the pages that BINARY makes of them, and looks at these in a real browser (report/look.mjs).
# Leaves the pages and the screenshots in OUT. Needs chromium, node and npm; they are installed where that is possible (Debian, as root).
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$1 out=$2
say() { echo "report: $*" >&2; }

have() { command -v "$1" >/dev/null; }
missing=()
have chromium || missing+=(chromium)
have node || missing+=(nodejs)
have npm || missing+=(npm)
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && have apt-get && [ -r /etc/debian_version ]; then
    apt-get update -qq && apt-get install -qqy --no-install-recommends "${missing[@]}" >/dev/null
  else
    say "missing: ${missing[*]}"; exit 3
  fi
fi

rm -rf "$out"; mkdir -p "$out/node"
cp tests/report/package.json tests/report/package-lock.json tests/report/look.mjs "$out/node"
npm ci --prefix "$out/node" --ignore-scripts --no-audit --no-fund --silent

. tests/support/clear_away.sh
work=$(mktemp -d); trap 'clear_away "$work"' EXIT
export BYOK_CONFIG="$work/config.toml" BYOK_CACHE="$work/cache"
printf '[budget]\nmonth = "30 USD"\n' > "$work/config.toml"; printf 'fn main() {\n    let a = 1;\n    \n}\n' > "$work/a.rs"
# ledger NAME ROWS...      begins a ledger with the binary's own tables
ledger() {
  export BYOK_LEDGER="$work/$1.sqlite3"
  "$binary" complete "$work/a.rs:3:5" --model local >/dev/null || true
  python3 tests/support/fill_ledger.py "$BYOK_LEDGER" "${@:2}"
}
ledger many 100000
"$binary" usage --since all --by model --html "$out/many.html"
ledger hostile 300 --hostile
"$binary" usage --since all --by workspace,model --html "$out/hostile.html"
node "$out/node/look.mjs" "$(command -v chromium)" "$out" "$out/many.html" "$out/hostile.html"
