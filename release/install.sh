#!/bin/sh
# Installs byok-lsp for you alone: downloads the archive of a release, checks its checksum, unpacks it into a folder of yours. No administrator, no compiler.
#
#   install.sh [--version VERSION] [--to FOLDER] [--from URL-OR-FOLDER]
#
#   --to     default: ~/.local; the program is then ~/.local/bin/byok-lsp
#   --from   where the archives are: an address or a folder
# To remove it: rm the files that it names at its end.
set -eu
version=0.1.0 to=${HOME:?}/.local from=${BYOK_RELEASES:-}
die() { echo "install.sh: $*" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in
    --version) version=$2; shift 2 ;;
    --to) to=$2; shift 2 ;;
    --from) from=$2; shift 2 ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown option $1" ;;
  esac
done

[ -n "$from" ] || die "say by --from where the archives are: an address or a folder"

case $(uname -m) in
  x86_64 | amd64) machine=x86_64 ;;
  aarch64 | arm64) machine=aarch64 ;;
  *) die "there is no release for $(uname -m); build it with cargo install" ;;
esac
case $(uname -s) in
  Linux)
    # The C library that is here; a program linked to none (musl) runs with any.
    if [ -e /lib/ld-musl-$machine.so.1 ]; then system=unknown-linux-musl; else system=unknown-linux-gnu; fi ;;
  Darwin) system=apple-darwin ;;
  *) die "there is no release for $(uname -s) that this script installs; see the README" ;;
esac
name=byok-lsp-$version-$machine-$system
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# fetch FILE
fetch() {
  case $from in
    http://* | https://*)
      if command -v curl > /dev/null; then curl --proto '=https' --fail --silent --show-error --location -o "$work/$1" "$from/$1"
      elif command -v wget > /dev/null; then wget -q -O "$work/$1" "$from/$1"
      else die "neither curl nor wget is here"; fi || die "$1 cannot be fetched from $from" ;;
    *) cp "$from/$1" "$work/$1" || die "$1 is not in $from" ;;
  esac
}
fetch "$name.tar.gz"
fetch "$name.tar.gz.sha256"
if command -v sha256sum > /dev/null; then sum=$(sha256sum "$work/$name.tar.gz"); else sum=$(shasum -a 256 "$work/$name.tar.gz"); fi
[ "${sum%% *}" = "$(cut -d ' ' -f 1 "$work/$name.tar.gz.sha256")" ] || die "the checksum of $name.tar.gz is wrong; nothing was installed"

gzip -dc "$work/$name.tar.gz" | (cd "$work" && tar -xf -)
"$work/$name/bin/byok-lsp" --version > /dev/null || die "the program does not run here; nothing was installed"
mkdir -p "$to"
# A program that runs is not overwritten but replaced.
rm -f "$to/bin/byok-lsp"
(cd "$work/$name" && find . -type f) | sed 's/^\.//' > "$work/files"
cp -R "$work/$name/." "$to/"
sed "s|^|  $to|" "$work/files"
echo "installed $("$to/bin/byok-lsp" --version)"
case ":$PATH:" in *":$to/bin:"*) ;; *) echo "add it to your PATH: export PATH=\"$to/bin:\$PATH\"" ;; esac
echo "then: byok-lsp setup"
