#!/usr/bin/env bash
# Usage: drive_provider.sh BYOK_BINARY      a real Neovim, the real server, a scripted provider on loopback; the last line counts
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${1:-}" ] || { sed -n 2p "$0" >&2; exit 64; }
BYOK_BINARY=$(realpath "$1") exec nvim -l "$here/run.lua" "$here/drive/provider.lua" "$here/drive/actions.lua" "$here/drive/troubles.lua" "$here/drive/texts.lua" "${@:2}"
