#!/usr/bin/env bash
# Usage: tests/instructions.sh [BINARY]      (default: target/debug/byok-lsp)
# How many instructions the server's own thread takes for a completion in a file of 10,000 lines with an edit just before, counted by callgrind: on a
# machine that others use too, times say little. Runs differ by a thirtieth, beside other work too: the provider answers in one write, since an answer that comes in more
# pieces takes more, and the server is let rest between completions. So it fails at a twentieth more than is usual, and says so at a tenth less, so that
# the number follows.
# The limit is of the debug build, which takes some four times as many as the release; it moves with the code, in the commit that moves it.
# Needs valgrind.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-target/debug/byok-lsp}")
usual=3600000
folder=$(mktemp -d)
. tests/support/clear_away.sh
trap 'kill "${provider:-}" 2>/dev/null || true; clear_away "$folder"' EXIT

mkfifo "$folder/url"
python3 tests/support/scripted_provider.py --script '[{"text": ["let y = ", "a + ", "1;"], "at_once": true}]' > "$folder/url" &
provider=$!
read -r url < "$folder/url"
cat > "$folder/config.toml" <<TOML
[completion]
model = "mock/m"
[providers.mock]
wire = "openai-completions"
base_url = "$url"
key = "none"
TOML
counted=$(env -i PATH="$PATH" HOME="$folder" BYOK_CONFIG="$folder/config.toml" BYOK_LEDGER="$folder/ledger.db" BYOK_CACHE="$folder/cache" BYOK_KEYS="$folder/keys" \
  python3 tests/support/instructions_session.py "$binary" "$folder")
echo "$counted instructions a completion; usual are $usual"
if [ "$counted" -gt $((usual * 21 / 20)) ]; then echo "0 passed, 1 failed"; exit 1; fi
if [ "$counted" -lt $((usual * 9 / 10)) ]; then echo "that is so much less that the usual number should follow: tests/instructions.sh"; fi
echo "1 passed, 0 failed"
