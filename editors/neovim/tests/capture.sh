#!/usr/bin/env bash
# Usage: capture.sh BYOK_BINARY OUT.svg|OUT.png [local|provider]
# Photographs a real Neovim in a terminal: ghost text behind the cursor, and the status line with model and cost. "local" needs no key;
# "provider" lets a scripted provider on loopback stream the suggestion. Needs tmux, and rsvg-convert for a PNG (Debian: librsvg2-bin).
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ $# -ge 2 ] && [ -x "$1" ] || { sed -n 2,4p "$0" >&2; exit 64; }
BYOK_BINARY=$(realpath "$1") out=$2 mode=${3:-local}
if ! command -v tmux >/dev/null; then
  [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null || { echo "capture.sh: tmux is missing" >&2; exit 1; }
  apt-get update -qq && apt-get install -qqy --no-install-recommends tmux >/dev/null
fi

. "$here/../../../tests/support/clear_away.sh"
dir=$(mktemp -d) provider=
finish() {
  tmux -S "$dir/tmux" kill-server 2>/dev/null || true
  [ -z "$provider" ] || kill "$provider" 2>/dev/null || true
  clear_away "$dir"
}
trap finish EXIT
mkdir -p "$dir/shop/src" "$dir/shop/.git" "$dir/home"
cp "$here/support/capture.rs" "$dir/shop/src/cart.rs"

# until_true COMMAND...      polls, with a deadline of two minutes
until_true() {
  local end=$((SECONDS + 120))
  until "$@"; do
    [ $SECONDS -lt $end ] || { echo "capture.sh: gave up on: $*" >&2; tmux -S "$dir/tmux" capture-pane -p >&2; exit 1; }
    sleep 0.05
  done
}

if [ "$mode" = provider ]; then
  python3 "$here/../../../tests/support/scripted_provider.py" --script '[{"text": ["s.iter().map(", "|line| line.", "price * line.", "quantity).sum();"],
    "usage": {"prompt_tokens": 812, "completion_tokens": 18}}]' > "$dir/url" & provider=$!
  until_true test -s "$dir/url"
fi

export BYOK_BINARY BYOK_MODE=$mode BYOK_URL; BYOK_URL=$(cat "$dir/url" 2>/dev/null || true)
printf '%s\n' 'set -g default-terminal "tmux-256color"' 'set -as terminal-features ",*:RGB"' 'set -g status off' > "$dir/tmux.conf"
(cd "$dir/shop" && HOME="$dir/home" XDG_CONFIG_HOME="$dir/home/c" XDG_STATE_HOME="$dir/home/s" XDG_DATA_HOME="$dir/home/d" LANG=C.UTF-8 \
  tmux -S "$dir/tmux" -f "$dir/tmux.conf" new-session -d -x 92 -y 22 \
  "nvim --clean -n -i NONE -u '$here/support/capture.lua' --listen '$dir/nvim' src/cart.rs")

ask() { nvim --server "$dir/nvim" --remote-expr "luaeval('$1')" 2>/dev/null; }
is() { [ "$(ask "$1")" = "$2" ]; }
until_true is 'attached()' true
tmux -S "$dir/tmux" send-keys -l Go
tmux -S "$dir/tmux" send-keys -l "$(printf '\rpub fn total(lines: &[Line]) -> u64 {\rlet total: u64 = line')"
until_true is 'ghost() ~= ""' true
until_true is '#seen.usage > 0' true

shot() { tmux -S "$dir/tmux" capture-pane -e -p -N; }
shows_cost() { shot | grep -q 'today'; }
until_true shows_cost
shot | python3 "$here/support/ansi_to_svg.py" --title 'nvim src/cart.rs' > "$dir/out.svg"
case $out in
  *.png) rsvg-convert -z 2 "$dir/out.svg" -o "$out" ;;
  *) cp "$dir/out.svg" "$out" ;;
esac
echo "wrote $out"
