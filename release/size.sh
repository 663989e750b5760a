#!/usr/bin/env bash
# Usage: release/size.sh [BINARY]      how large the program is, and of how many crates (default: target/release/byok-lsp)
set -euo pipefail
cd "$(dirname "$0")/.."
binary=${1:-target/release/byok-lsp}
[ -x "$binary" ] && echo "program: $(stat -c %s "$binary") bytes ($(gzip -9c "$binary" | wc -c) compressed)"
release/sbom.py "$(rustc -vV | sed -n 's/^host: //p')" 2>&1 > /dev/null
echo "direct dependencies: $(cargo tree --locked --depth 1 --edges normal --prefix none | tail -n +2 | sort -u | wc -l)"
