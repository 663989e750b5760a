#!/usr/bin/env bash
# Usage: release/build.sh [--binary FILE] [--out FOLDER] [TARGET]
#
# Makes the archive of a release: the program, its manual pages, completions for shells, licences, changelog; beside it its checksum and its SBOM.
# The same sources, toolchain and TARGET give the same bytes, wherever they lie: paths are mapped, times are the commit's, owners nobody's.
#   --binary FILE   packs a program that is there already, instead of building one (for trials, and for targets that are built elsewhere)
#   --out FOLDER    default: target/release-archives
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
binary='' out=target/release-archives target=''
while [ $# -gt 0 ]; do
  case $1 in
    --binary) binary=$(realpath "$2"); shift 2 ;;
    --out) out=$2; shift 2 ;;
    -*) sed -n '2,8s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
    *) target=$1; shift ;;
  esac
done
host=$(rustc -vV | sed -n 's/^host: //p')
[ -n "$target" ] || target=$host
version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1)
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct)}
export SOURCE_DATE_EPOCH

suffix=''
case $target in *windows*) suffix=.exe ;; esac
if [ -z "$binary" ]; then
  # A folder of the machine that built it would tell who did, and make each build another.
  home=${CARGO_HOME:-$HOME/.cargo}
  sysroot=$(rustc --print sysroot)
  maps="--remap-path-prefix=$root=/byok-lsp --remap-path-prefix=$home=/cargo --remap-path-prefix=$sysroot=/rust"
  export CFLAGS="${CFLAGS:-} -ffile-prefix-map=$home=/cargo -ffile-prefix-map=$root=/byok-lsp"
  built=${CARGO_TARGET_DIR:-target}/$target option=(--target "$target")
  # Without --target where there is a list of functions for it, as everybody builds it: the names in release/layout.txt hold for that alone.
  [ "$target $host" != "x86_64-unknown-linux-gnu x86_64-unknown-linux-gnu" ] || { built=${built%/*} option=(); }
  binary=$built/release/byok-lsp$suffix
  # Not one that somebody has built otherwise.
  rm -f "$binary"
  RUSTFLAGS="${RUSTFLAGS:-} $maps" env -u CARGO_BUILD_TARGET cargo build --release --locked ${option[@]+"${option[@]}"} --bin byok-lsp
fi
# What cannot run here (another system's program) is asked nothing; its pages and completions are those of a program that can.
speaker=${BYOK_SPEAKER:-$binary}

mkdir -p "$out"
out=$(realpath "$out")
name=byok-lsp-$version-$target
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/$name
mkdir -p "$tree"/{bin,share/man/man1,share/bash-completion/completions,share/zsh/site-functions,share/fish/vendor_completions.d,share/doc/byok-lsp}
install -m 755 "$binary" "$tree/bin/byok-lsp$suffix"
"$speaker" man "$tree/share/man/man1"
"$speaker" completions bash > "$tree/share/bash-completion/completions/byok-lsp"
"$speaker" completions zsh > "$tree/share/zsh/site-functions/_byok-lsp"
"$speaker" completions fish > "$tree/share/fish/vendor_completions.d/byok-lsp.fish"
cp README.md CHANGELOG.md SECURITY.md LICENSE-APACHE LICENSE-MIT "$tree/share/doc/byok-lsp/"
find "$tree" -type d -exec chmod 755 {} + ; find "$tree/share" -type f -exec chmod 644 {} +

archive=$out/$name.tar.gz
tar --sort=name --format=ustar --mtime="@$SOURCE_DATE_EPOCH" --owner=0 --group=0 --numeric-owner -C "$work" -cf - "$name" | gzip -9n > "$archive"
# Not as sha256sum writes it by itself: on Windows a star stands before the name.
echo "$(sha256sum < "$archive" | cut -d ' ' -f 1)  $name.tar.gz" > "$archive.sha256"
# Each target links other crates.
release/sbom.py "$target" > "$out/$name.cdx.json"
echo "$archive"
