#!/usr/bin/env bash
# Usage: release/reproduce.sh [TARGET]      builds the archive twice, in two folders, and compares them (twice the time of a release build)
set -euo pipefail
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for copy in one "another/deeper"; do
  mkdir -p "$work/$copy"
  git archive HEAD | tar -xf - -C "$work/$copy"
  SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) CARGO_TARGET_DIR="$work/$copy/target" bash -c "cd '$work/$copy' && release/build.sh --out '$work/$copy/out' $*" > /dev/null
done
cmp "$work"/one/out/*.tar.gz "$work"/another/deeper/out/*.tar.gz && echo "both archives are the same: $(sha256sum < "$(ls "$work"/one/out/*.tar.gz)")"
