#!/usr/bin/env bash
# Usage: llama_server.sh BYOK_BINARY      the real server binary against a real llama-server with a tiny random model; the last line counts
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${1:-}" ] || { sed -n 2p "$0" >&2; exit 64; }
. "$here/support/clear_away.sh"
byok=$(realpath "$1") dir=$(mktemp -d) server=
finish() {
  [ -z "$server" ] || { kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; }
  clear_away "$dir"
}
trap finish EXIT

python3 "$here/support/tiny_gguf.py" "$dir/tiny.gguf"
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
llama-server -m "$dir/tiny.gguf" --alias tiny --host 127.0.0.1 --port "$port" --api-key sk-local-tiny --metrics -c 8192 -np 1 -t 1 \
  > "$dir/llama.log" 2>&1 & server=$!

export MODEL_KEY=sk-local-tiny XDG_CONFIG_HOME="$dir/config" XDG_DATA_HOME="$dir/data" XDG_STATE_HOME="$dir/state" XDG_CACHE_HOME="$dir/cache"
mkdir -p "$XDG_CONFIG_HOME/byok-lsp" "$dir/work"
for wire in completions chat; do
  printf '[providers.%s]\nwire = "openai-%s"\nbase_url = "http://127.0.0.1:%s/v1"\nkey = { env = "MODEL_KEY" }\n' "$wire" "$wire" "$port"
done > "$XDG_CONFIG_HOME/byok-lsp/config.toml"
printf 'fn main() {\n    let answer = \n}\n' > "$dir/work/main.rs"

answers() { python3 -c 'import sys, urllib.request as r; r.urlopen(sys.argv[1])' "http://127.0.0.1:$port/health" 2>/dev/null; }
end=$((SECONDS + 30))
until answers; do
  [ $SECONDS -lt $end ] && kill -0 "$server" 2>/dev/null || { echo "llama-server did not start:"; tail -20 "$dir/llama.log"; exit 1; }
  sleep 0.05
done

passed=0 failed=0
check() {
  local name=$1; shift
  if (cd "$dir/work" && "$@") > "$dir/out" 2>&1; then
    passed=$((passed + 1)); echo "ok    $name"
  else
    failed=$((failed + 1)); echo "FAIL  $name"; sed 's/^/      /' "$dir/out"
  fi
}

complete() { "$byok" complete main.rs:2:18 --model "$1/tiny" --json; }
# The model babbles, so its text may well be filtered out; what it read and wrote is counted all the same.
counted() {
  complete "$1" | python3 -c '
import json, sys
answer = json.load(sys.stdin)
print(answer)
assert answer["error"] is None
assert (answer["provider"], answer["model"]) == (sys.argv[1], "tiny")
assert answer["tokens"]["input"] + answer["tokens"]["cacheRead"] > 0 and answer["tokens"]["output"] > 0
assert (answer["cost"]["nanos"], answer["cost"]["source"]) == (0, "free")
assert answer["latency"]["firstTokenMs"] is not None' "$1"
}
counted_by_llama() {
  python3 -c '
import sys, urllib.request as r
request = r.Request(sys.argv[1], headers={"Authorization": "Bearer sk-local-tiny"})
text = r.urlopen(request).read().decode()
print(text)
value = {line.split()[0]: float(line.split()[1]) for line in text.splitlines() if not line.startswith("#")}
assert value["llamacpp:tokens_predicted_total"] > 0 and value["llamacpp:requests_processing"] == 0' "http://127.0.0.1:$port/metrics"
}
refused() {
  local out
  out=$(MODEL_KEY=sk-wrong-key complete completions 2>&1) && { echo "it succeeded: $out"; return 1; }
  echo "$out"
  case $out in *sk-wrong-key*) return 1 ;; *refused*) ;; *) return 1 ;; esac
}

check "completions with a suffix: streamed and counted" counted completions
check "chat: streamed and counted" counted chat
check "llama-server counted them too, and is idle" counted_by_llama
check "a wrong key is refused, and not shown" refused
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
