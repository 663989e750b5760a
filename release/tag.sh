#!/usr/bin/env bash
# Usage: release/tag.sh TAG      fails unless TAG is v and the version that Cargo.toml names: the archives would be called otherwise than their release
set -euo pipefail
[ $# = 1 ] || { sed -n 2p "$0" >&2; exit 64; }
cd "$(dirname "$0")/.."
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
[ "$1" = "v$version" ] || { echo "release/tag.sh: the tag is $1, and Cargo.toml's version is $version: tag v$version, or change the version" >&2; exit 1; }
