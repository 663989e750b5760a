#!/usr/bin/env bash
# Usage: drive.sh BYOK_BINARY      a real Emacs with eglot, set up by what `byok-lsp setup emacs` prints; no key, no network; the last line counts
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
[ -x "${1:-}" ] || { sed -n 2p "$0" >&2; exit 64; }
binary=$(realpath "$1") dir=$(mktemp -d)
. "$here/../../tests/support/clear_away.sh"
trap 'clear_away "$dir"' EXIT
mkdir -p "$dir/bin" "$dir/shop/.git" "$dir/home"
ln -s "$binary" "$dir/bin/byok-lsp"
export HOME="$dir/home" XDG_CONFIG_HOME="$dir/home/c" XDG_DATA_HOME="$dir/home/d" XDG_CACHE_HOME="$dir/home/k" LANG=C.UTF-8 PATH="$dir/bin:$PATH"
byok-lsp setup emacs --print > "$dir/recipe.el"
sed -n '/^(defun byok /,/^```/{/^```/!p}' "$here/README.md" >> "$dir/recipe.el"
printf 'fn a() {\n    let total = compute(left, right);\n}\n\nfn b() {\n    let total = compute(left, right);\n}\n\nfn c() {\n    let tot\n}\n' > "$dir/shop/cart.rs"
timeout 120 emacs -Q --batch -l "$here/drive.el" "$dir/recipe.el" "$dir/shop/cart.rs" > "$dir/out" 2>&1 || { cat "$dir/out"; echo "0 passed, 1 failed"; exit 1; }
failed=0
expect() {
  if grep -qF -- "$1" "$dir/out"; then echo "ok    $2"; else failed=$((failed + 1)); echo "FAIL  $2"; fi
}
expect 'server: byok-lsp' 'eglot connects by the printed recipe'
expect 'line:     let total = compute(left, right);' 'completion at point gives the suggestion, and it lands in the line'
expect 'byok.usageSummary' 'the commands are there'
expect 'model: openai/gpt-4.1-mini' 'the README'"'"'s function sets the model'
expect 'set: openai/gpt-4.1-mini, for actions openai/gpt-4.1;' 'and that of code actions by itself'
[ $failed = 0 ] || cat "$dir/out"
echo "$((5 - failed)) passed, $failed failed"
[ $failed = 0 ]
