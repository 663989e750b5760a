#!/bin/sh
# Installs byok-lsp for you alone: downloads the archive of a release, checks its checksum, unpacks it into a folder of yours. No administrator, no compiler.
#
#   install.sh [--version VERSION] [--to FOLDER] [--from URL-OR-FOLDER]
#
#   --to     default: ~/.local; the program is then ~/.local/bin/byok-lsp
#   --from   where the archives are: an address (https alone) or a folder
# To remove it: rm the files that it names at its end.
set -eu
version=0.1.0
from=${BYOK_RELEASES:-}
to=''
die() { echo "install.sh: $*" >&2; exit 1; }
while [ $# -gt 0 ]; do
  case $1 in --version | --to | --from) [ -n "${2:-}" ] || die "$1 needs a value" ;; esac
  case $1 in
    --version) version=$2; shift 2 ;;
    --to) to=$2; shift 2 ;;
    --from) from=$2; shift 2 ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "$0"; exit 0 ;;
    *) die "unknown option $1" ;;
  esac
done

if [ -z "$to" ]; then
  [ -n "${HOME:-}" ] || die "there is no HOME; say by --to where to install"
  to=$HOME/.local
fi
# What is said at the end is true from every folder.
case $to in /*) ;; *) to=$PWD/$to ;; esac
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
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# fetch FILE
fetch() {
  case $from in
    https://*)
      if command -v curl > /dev/null; then curl --proto '=https' --fail --silent --show-error --location -o "$work/$1" "$from/$1"
      elif command -v wget > /dev/null; then lead_wget "$from/$1" "$work/$1"
      else die "neither curl nor wget is here"; fi || die "$1 cannot be fetched from $from" ;;
    *://*) die "$from is no https address; on its way the program could be exchanged together with its checksum" ;;
    *) cp "$from/$1" "$work/$1" || die "$1 is not in $from" ;;
  esac
}

# lead_wget ADDRESS FILE      from one address to the next, since wget by itself would follow from https to http
lead_wget() {
  # BusyBox's goes wherever it is sent, and Wget2's was not tried.
  wget --version 2> /dev/null | grep -q '^GNU Wget ' || die "this wget cannot be kept to https; install curl"
  next=$1
  for _ in 1 2 3 4 5; do
    case $next in
      https://*) ;;
      /*) address=${address#https://} next=https://${address%%/*}$next ;;
      *) die "it was sent on to $next, which is no https address" ;;
    esac
    address=$next
    wget --quiet --server-response --max-redirect=0 -O "$2" "$address" 2> "$work/answer" && return
    next=$(tr -d '\r' < "$work/answer" | sed -n 's/^ *[Ll]ocation: *//p' | head -n 1)
    [ -n "$next" ] || { cat "$work/answer" >&2; return 1; }
  done
  die "it was sent on too often from $1"
}

fetch "$name.tar.gz"
fetch "$name.tar.gz.sha256"
if command -v sha256sum > /dev/null; then sum=$(sha256sum "$work/$name.tar.gz"); else sum=$(shasum -a 256 "$work/$name.tar.gz"); fi
[ "${sum%% *}" = "$(cut -d ' ' -f 1 "$work/$name.tar.gz.sha256")" ] || die "the checksum of $name.tar.gz is wrong; nothing was installed"

gzip -dc "$work/$name.tar.gz" | (cd "$work" && tar -xf -)
"$work/$name/bin/byok-lsp" --version > /dev/null || die "the program does not run here; nothing was installed"
# Everything is copied beside its place before the first name is taken, so that on a full disk all that was there still is; and what runs is not overwritten but replaced.
(cd "$work/$name" && find . -type f) | sed 's/^\.//' > "$work/files"
remove_staged() { while IFS= read -r file; do rm -f "$to$file.byok-new"; done < "$work/files"; }
trap 'remove_staged; rm -rf "$work"' EXIT
while IFS= read -r file; do
  mkdir -p "$to${file%/*}" && cp "$work/$name$file" "$to$file.byok-new" || die "$to$file cannot be written; what was installed before is as it was"
done < "$work/files"
while IFS= read -r file; do mv -f "$to$file.byok-new" "$to$file"; done < "$work/files"
while IFS= read -r file; do printf '  %s\n' "$to$file"; done < "$work/files"
echo "installed $("$to/bin/byok-lsp" --version)"
case ":$PATH:" in *":$to/bin:"*) ;; *) echo "add it to your PATH: export PATH=\"$to/bin:\$PATH\"" ;; esac
echo "then: byok-lsp setup"
