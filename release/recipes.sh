#!/usr/bin/env bash
# Usage: release/recipes.sh [--some] VERSION URL FOLDER      fills in the recipes for the archives that lie in FOLDER and are served at URL; into FOLDER/recipes
#
# It fails where an archive of VERSION has no checksum in FOLDER, for a target or for the sources, and says which.
#   --some   leaves out the recipes that name such an archive, and says so (for trials)
set -euo pipefail
some=false
if [ "${1:-}" = --some ]; then some=true; shift; fi
[ $# = 3 ] || { sed -n '2,5s/^# \{0,1\}//p' "$0" >&2; exit 64; }
version=$1 url=$2 folder=$(realpath "$3")
cd "$(dirname "$0")"
# What the recipes, npm and the installer may ask for.
targets=({x86_64,aarch64}-{unknown-linux-gnu,unknown-linux-musl,apple-darwin,pc-windows-msvc})

declare -A sums=()
missing=()
for target in "${targets[@]}" source; do
  file=$folder/byok-lsp-$version-$target.tar.gz.sha256
  if [ -e "$file" ]; then sums[$target]=$(cut -d ' ' -f 1 "$file"); else missing+=("$target"); fi
done
if [ ${#missing[@]} -gt 0 ] && ! $some; then
  echo "release/recipes.sh: no checksum in $folder of byok-lsp-$version for: ${missing[*]}" >&2
  exit 1
fi

# plain TEXT        as what sed puts in
plain() { printf '%s' "$1" | sed 's/[&|\\]/\\&/g'; }
fill() { # FROM TO
  local script target
  script="s|@VERSION@|$(plain "$version")|g; s|@URL@|$(plain "$url")|g"
  for target in "${!sums[@]}"; do script+="; s|@SHA256_$target@|${sums[$target]}|g"; done
  sed "$script" "$1" > "$2"
  if grep -q '@SHA256_' "$2"; then
    echo "left out $(basename "$2"): no archive for $(grep -o '@SHA256_[^@]*@' "$2" | sed 's/@SHA256_//; s/@//' | paste -sd ' ')" >&2
    rm "$2"
  else
    echo "$2"
  fi
}
mkdir -p "$folder/recipes/npm"
for recipe in recipes/*; do fill "$recipe" "$folder/recipes/$(basename "$recipe")"; done
cp ../Cargo.lock "$folder/recipes/"
for file in package.json run.mjs install.mjs; do fill "npm/$file" "$folder/recipes/npm/$file"; done
{
  printf '{"url":"%s","archives":{' "$url"
  separator=''
  for target in "${targets[@]}"; do
    [ -n "${sums[$target]:-}" ] || continue
    printf '%s"byok-lsp-%s-%s.tar.gz":"%s"' "$separator" "$version" "$target" "${sums[$target]}"
    separator=,
  done
  printf '}}\n'
} > "$folder/recipes/npm/checksums.json"
sed "s|^version=.*|version=$(plain "$version")|; s|^from=.*|from=\${BYOK_RELEASES:-$(plain "$url")}|" install.sh > "$folder/install.sh"
chmod +x "$folder/install.sh"
echo "$folder/install.sh"
