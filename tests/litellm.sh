#!/usr/bin/env bash
# Usage: litellm.sh LITELLM      a real LiteLLM proxy in front of a real llama-server, over each wire that it speaks: streamed, cancelled, wrong key
set -euo pipefail
[ -x "${1:-}" ] || { sed -n 2p "$0" >&2; exit 64; }
cd "$(dirname "$0")/.."
command -v llama-server >/dev/null || { echo "llama-server is missing; tests/support/install_editors.sh installs it"; exit 1; }
BYOK_LITELLM=$(realpath "$1") exec cargo test --locked --test e2e litellm:: -- --nocapture
