#!/usr/bin/env bash
# Usage: release/recipes.sh VERSION URL FOLDER      fills in the recipes for the archives that lie in FOLDER and are served at URL; into FOLDER/recipes
#
# A recipe that names an archive which is not in FOLDER is left out, and said.
set -euo pipefail
[ $# = 3 ] || { sed -n 2p "$0" >&2; exit 64; }
version=$1 url=$2 folder=$(realpath "$3")
cd "$(dirname "$0")"
mkdir -p "$folder/recipes/npm"
fill() { # FROM TO
  sed -e "s|@VERSION@|$version|g" -e "s|@URL@|$url|g" "$1" > "$2"
  local sum target
  for sum in "$folder"/*.tar.gz.sha256; do
    target=$(basename "$sum" .tar.gz.sha256); target=${target#"byok-lsp-$version-"}
    sed -i "s|@SHA256_$target@|$(cut -d ' ' -f 1 "$sum")|g" "$2"
  done
  if grep -q '@SHA256_' "$2"; then
    echo "left out $(basename "$2"): no archive for $(grep -o '@SHA256_[^@]*@' "$2" | sed 's/@SHA256_//; s/@//' | paste -sd ' ')" >&2
    rm "$2"
  else
    echo "$2"
  fi
}
for recipe in recipes/*; do fill "$recipe" "$folder/recipes/$(basename "$recipe")"; done
for file in package.json run.mjs install.mjs; do fill "npm/$file" "$folder/recipes/npm/$file"; done
{
  printf '{"url":"%s","archives":{' "$url"
  awk '{ printf "%s\"%s\":\"%s\"", (NR > 1 ? "," : ""), $2, $1 }' "$folder"/*.tar.gz.sha256
  printf '}}\n'
} > "$folder/recipes/npm/checksums.json"
sed "s|^version=.*|version=$version to=\${HOME:?}/.local from=\${BYOK_RELEASES:-$url}|" install.sh > "$folder/install.sh"
chmod +x "$folder/install.sh"
echo "$folder/install.sh"
