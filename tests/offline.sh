#!/usr/bin/env bash
# Usage: tests/offline.sh [BINARY]      (default: target/debug/byok-lsp)
# Offline, in a network namespace without routes and under strace: a model elsewhere is configured, with a key; ghost text comes all the same, from
# this machine, and no socket is opened that could leave it: from the embedded engine, and from a server of models on loopback, where one answers.
# Without `network.offline` the same session does open one, so the check can fail.
# Needs root (or a user who may make namespaces), unshare, ip and strace.
set -euo pipefail
cd "$(dirname "$0")/.."
binary=$(realpath "${1:-target/debug/byok-lsp}")
folder=$(mktemp -d)
. tests/support/clear_away.sh
trap 'clear_away "$folder"' EXIT
passed=0 failed=0
check() {
  local what=$1; shift
  if "$@"; then passed=$((passed + 1)); echo "ok   $what"; else failed=$((failed + 1)); echo "FAIL $what"; fi
}

mkdir -p "$folder/home" "$folder/work"
python3 - > "$folder/work/lib.rs" <<'PY'
one = "pub fn {0}(path: &Path) -> std::io::Result<usize> {{\n    let reader = BufReader::new(File::open(path)?);\n    Ok(reader.lines().{0}())\n}}\n\n"
print("use std::path::Path;\n\n" + "".join(one.format(name) for name in ("count", "longest", "shortest", "first")), end="")
print("pub fn last(path: &Path) -> std::io::Result<usize> {\n    let reader = \n}")
PY

# What runs in the namespace: a server of models where llama.cpp's would be, and then the command. There all ports are free.
cat > "$folder/inside.sh" <<SH
set -e
ip link set lo up
mkfifo "$folder/address"
python3 tests/support/scripted_provider.py --port 8080 --script '[{"text": ["BufReader::with_capacity(4096, ", "File::open(path)?);"]}]' > "$folder/address" &
server=\$!
trap 'kill \$server; rm "$folder/address"' EXIT
read -r _ < "$folder/address"
"\$@"
SH

# session NAME OFFLINE MODEL [once | MODEL]      a whole session of an editor; strace's log is left in $folder/NAME.trace
session() {
  cat > "$folder/config.toml" <<TOML
[completion]
model = "$3"
[local]
servers = ["llama-cpp"]
[fallback]
completion = ["away/m"]
may_change_payer = true
[network]
offline = $2
[providers.away]          # an address of nobody's (RFC 5737)
wire = "openai-completions"
base_url = "https://192.0.2.1/v1"
key = { env = "AWAY_KEY" }
TOML
  env -i PATH="$PATH" HOME="$folder/home" BYOK_CONFIG="$folder/config.toml" BYOK_LEDGER="$folder/ledger.db" BYOK_CACHE="$folder/cache" BYOK_KEYS="$folder/keys" \
    AWAY_KEY=not-a-key-0123456789abcdef \
    unshare --net sh "$folder/inside.sh" \
    strace -f -qq -e trace=socket,connect,sendto -o "$folder/$1.trace" \
    python3 tests/support/offline_session.py "$binary" "$folder/work/lib.rs" "${@:4}" > "$folder/$1.out" 2> "$folder/$1.err" || { cat "$folder/$1.err"; return 1; }
}
# Every address but loopback's, a name server's included.
leaves() { grep -E 'connect\(|sendto\(' "$folder/$1.trace" | grep -E 'AF_INET6?' | grep -vE 'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"' ; }
stays() { ! leaves "$1"; }

check "a session offline runs to its end" session offline true away/m
check "ghost text comes from this machine" grep -q '^ghost BufReader::new' "$folder/offline.out"
check "the route says why" grep -q '^route local/patterns: network.offline is set' "$folder/offline.out"
check "the list of models is answered" grep -q '^models [1-9]' "$folder/offline.out"
check "no socket leads away from this machine" stays offline
check "a session with a server on this machine runs to its end" session server true auto llama-cpp/small
check "its model is decided on" grep -q '^route llama-cpp/small: it answers on this machine' "$folder/server.out"
check "ghost text comes from it" grep -q '^ghost BufReader::with_capacity' "$folder/server.out"
check "it was connected to" grep -qE 'connect\(.*htons\(8080\).*127\.0\.0\.1' "$folder/server.trace"
check "and no socket leads away from this machine" stays server
check "the same session without network.offline runs to its end" session online false away/m once
check "and tries to leave, so that the check above can fail" eval 'leaves online > "$folder/left"'

echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
