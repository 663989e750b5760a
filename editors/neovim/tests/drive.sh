#!/usr/bin/env bash
# Usage: drive.sh BYOK_BINARY      a real Neovim with the real server, no key, no network; the last line counts
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${1:-}" ] || { sed -n 2p "$0" >&2; exit 64; }
BYOK_BINARY=$(realpath "$1") exec nvim -l "$here/run.lua" "$here/drive/local.lua" "$here/drive/setup.lua" "${@:2}"
