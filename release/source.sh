#!/usr/bin/env bash
# Usage: release/source.sh [--out FOLDER]      packs the sources of the commit that is checked out, and their checksum beside them (default: target/release-archives)
set -euo pipefail
cd "$(dirname "$0")/.."
out=target/release-archives
case ${1:-} in
  '') ;;
  --out) out=$2 ;;
  *) sed -n 2p "$0" >&2; exit 64 ;;
esac
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
name=byok-lsp-$version-source
mkdir -p "$out"
git archive --format=tar --prefix="byok-lsp-$version/" HEAD | gzip -9n > "$out/$name.tar.gz"
echo "$(sha256sum < "$out/$name.tar.gz" | cut -d ' ' -f 1)  $name.tar.gz" > "$out/$name.tar.gz.sha256"
echo "$out/$name.tar.gz"
