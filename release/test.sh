#!/usr/bin/env bash
# Usage: release/test.sh FOLDER      FOLDER has the archive that release/build.sh made; the last line counts
#
# Installs the archive on a clean system (a fresh Debian in a folder, in which there is no compiler, no Rust and nothing of ours) by release/install.sh, and has the real
# Neovim use what was installed. As root, with debootstrap and nvim on the PATH. BYOK_CLEAN_ROOT names a fresh system that is there already; it is left as it was.
set -euo pipefail
cd "$(dirname "$0")/.."
[ -d "${1:-}" ] || { sed -n 2p "$0" >&2; exit 64; }
archives=$(realpath "$1")
[ "$(id -u)" = 0 ] || { echo "release/test.sh: only root can enter another system" >&2; exit 1; }
nvim=$(realpath "$(command -v nvim)") || { echo "release/test.sh: no nvim" >&2; exit 1; }
work=$(mktemp -d)
trap 'rm -rf --one-file-system "$work"' EXIT
clean=$work/root
if [ -n "${BYOK_CLEAN_ROOT:-}" ]; then
  cp -a "$BYOK_CLEAN_ROOT" "$clean"
else
  command -v debootstrap > /dev/null || { echo "release/test.sh: no debootstrap" >&2; exit 1; }
  # Whence this system has its packages.
  # (Most have only one of the two, and what is not there is no failure.)
  mirror=$({ cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2> /dev/null || true; } |
    sed -n 's/^deb  *\(\[[^]]*\] \)\{0,1\}\(http[^ ]*\) .*/\2/p; s/^URIs: *\([^ ]*\).*/\1/p' | head -n 1)
  debootstrap --variant=minbase bookworm "$clean" ${mirror:+"$mirror"} > "$work/debootstrap.log" 2>&1 || { tail -n 20 "$work/debootstrap.log"; exit 1; }
fi

passed=0 failed=0
check() { # TITLE COMMAND...
  local title=$1; shift
  if "$@" > "$work/log" 2>&1; then passed=$((passed + 1)); echo "ok    $title"
  else failed=$((failed + 1)); echo "FAIL  $title"; sed 's/^/      /' "$work/log"; fi
}
# With a /proc of its own, which is gone with the program that needs it.
inside() {
  unshare --mount sh -c 'mount -t proc proc "$0/proc" && exec chroot "$0" "$@"' "$clean" \
    /usr/bin/env -i HOME=/home/user PATH="/home/user/.local/bin:$(dirname "$nvim"):/usr/bin:/bin" LANG=C.UTF-8 TERM=xterm "$@"
}

mkdir -p "$clean"/{home/user,srv/release,opt,tmp}
cp "$archives"/*.tar.gz "$archives"/*.sha256 release/install.sh "$clean/srv/release/"
# Neovim with what it is linked to, at the places that it has here; the system's own C library stays what it was.
prefix=$(dirname "$(dirname "$nvim")")
ldd "$nvim" | grep -o '/[^ ]*' | sort -u > "$work/linked"
{ echo "$nvim"; cat "$work/linked"; } | while read -r file; do
  [ -e "$clean$file" ] || { mkdir -p "$clean$(dirname "$file")"; cp -L "$file" "$clean$file"; }
done
for folder in share/nvim lib/nvim; do
  [ ! -d "$prefix/$folder" ] || { mkdir -p "$clean$prefix/$folder"; cp -aL "$prefix/$folder/." "$clean$prefix/$folder/"; }
done
# The tests of the editor, and beside them nothing of ours: the plugin is the one that the program carries.
mkdir -p "$clean/srv/editors"
cp -a editors/neovim "$clean/srv/editors/"

check "there is no compiler and no program of ours" inside sh -c '! command -v cc && ! command -v cargo && ! command -v byok-lsp'
check "an archive with a wrong checksum is not installed" inside sh -c 'mkdir /tmp/bad && cp /srv/release/* /tmp/bad/ && printf x >> "$(ls /tmp/bad/*.tar.gz)" && ! sh /srv/release/install.sh --from /tmp/bad && [ ! -e ~/.local/bin/byok-lsp ]'
check "it is installed" inside sh /srv/release/install.sh --from /srv/release
check "and once more over itself" inside sh /srv/release/install.sh --from /srv/release
check "it says its version" inside byok-lsp --version
check "it has its manual pages" inside sh -c 'ls ~/.local/share/man/man1/byok-lsp.1 ~/.local/share/man/man1/byok-lsp-setup.1'
check "it completes without a key and a network" inside sh -c 'cd /srv && printf "fn a() {\n    let total = compute(left, right);\n}\n\nfn b() {\n    let total = compute(left, right);\n}\n\nfn c() {\n    let tot\n}\n" > cart.rs && byok-lsp complete cart.rs:10:12 | grep "compute(left, right)"'
check "it sets Neovim up" inside byok-lsp setup neovim --yes
check "it drives Neovim" inside sh -c 'cd /srv && editors/neovim/tests/drive.sh /home/user/.local/bin/byok-lsp'
tail -n 3 "$work/log" | sed 's/^/      /'
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
