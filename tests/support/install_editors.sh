#!/usr/bin/env bash
# Usage: install_editors.sh [nvim] [hx] [llama-server] [emacs]      (default: all but emacs, which is large)
# Makes sure that Neovim >= 0.12, Helix >= 25.07, llama-server and Emacs >= 29 are there. On Debian, as root, they are taken from a newer suite of the machine's own
# mirror and unpacked beside the system, which itself stays as it is. Elsewhere the script says what is missing.
# Prints the folder that belongs on the PATH as its last line. Exit codes: 0 all there, 1 failed, 3 missing and not installable here.
# Environment: PREFIX=/opt/byok-test-tools, SUITE=forky, FORCE=1 (install even what is there).
set -euo pipefail

PREFIX=${PREFIX:-/opt/byok-test-tools} SUITE=${SUITE:-forky}
bin="$PREFIX/bin" root="$PREFIX/root" work="$PREFIX/apt"
PATH="$bin:$PATH"
say() { echo "install_editors: $*" >&2; }

has() {
  case $1 in
    nvim) nvim --clean --headless '+lua io.stdout:write(vim.lsp.inline_completion and "yes" or "")' +qa 2>/dev/null | grep -q yes ;;
    hx) hx --version 2>/dev/null | awk '{ split($2, part, "."); ok = part[1] * 100 + part[2] >= 2507 } END { exit !ok }' ;;
    llama-server) llama-server --version >/dev/null 2>&1 ;;
    emacs) emacs -Q --batch --eval '(progn (require (quote eglot)) (kill-emacs (if (>= emacs-major-version 29) 0 1)))' >/dev/null 2>&1 ;;
    *) say "unknown: $1"; exit 1 ;;
  esac
}

package_of() {
  case $1 in nvim) echo neovim ;; hx) echo hx ;; emacs) echo emacs-nox ;; llama-server) echo llama.cpp-tools ;; esac
}

wanted=("$@") missing=() packages=()
[ ${#wanted[@]} -gt 0 ] || wanted=(nvim hx llama-server)
for tool in "${wanted[@]}"; do
  if [ -n "${FORCE:-}" ] || ! has "$tool"; then missing+=("$tool"); packages+=("$(package_of "$tool")"); fi
done
if [ ${#missing[@]} -eq 0 ]; then echo "$bin"; exit 0; fi

if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null || [ ! -r /etc/debian_version ]; then
  for tool in "${missing[@]}"; do
    case $tool in
      nvim) say "missing: Neovim 0.12 or newer as \"nvim\" on the PATH" ;;
      hx) say "missing: Helix 25.07 or newer as \"hx\" on the PATH" ;;
      emacs) say "missing: Emacs 29 or newer as \"emacs\" on the PATH" ;;
      llama-server) say "missing: \"llama-server\" of llama.cpp on the PATH" ;;
    esac
  done
  say "they are installed automatically only on Debian, as root"
  exit 3
fi

# The newer programs bring their own C library; patchelf points them to it, and leaves the processes they start alone.
if ! command -v patchelf >/dev/null; then
  apt-get update -qq && apt-get install -qqy --no-install-recommends patchelf >/dev/null
fi

# The machine's own mirror, whatever it is.
. /etc/os-release
find_mirror() {
  apt-get indextargets --format '$(REPO_URI) $(RELEASE) $(COMPONENT)' 'Created-By: Packages' |
    awk -v release="$VERSION_CODENAME" '$2 == release && $3 == "main" { print $1; exit }'
}
mirror=$(find_mirror)
if [ -z "$mirror" ]; then apt-get update -qq; mirror=$(find_mirror); fi
[ -n "$mirror" ] || { say "apt has no source for $VERSION_CODENAME main to take the mirror from"; exit 1; }

# A private apt with an empty package database fetches each program with everything it needs, the C library included.
rm -rf "$work"
mkdir -p "$root" "$bin" "$work"/{state/lists/partial,cache/archives/partial}
: > "$work/status"
echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg target=Packages] $mirror $SUITE main" > "$work/sources.list"
private_apt=(apt-get -qq -o "Dir::State=$work/state" -o "Dir::State::status=$work/status" -o "Dir::Cache=$work/cache"
  -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null -o Dir::Etc::preferences=/dev/null
  -o Dir::Etc::preferencesparts=/dev/null -o APT::Install-Recommends=0 -o Acquire::Retries=3 -o APT::Sandbox::User=root)
"${private_apt[@]}" update
"${private_apt[@]}" install -y --download-only "${packages[@]}" >/dev/null
for deb in "$work"/cache/archives/*.deb; do dpkg-deb -x "$deb" "$root"; done
rm -rf "$work"

libs=$(echo "$root"/usr/lib/*-linux-gnu)
rpath() { patchelf --force-rpath --set-rpath "$libs:$libs/llama" "$1"; }
adopt() {
  # The loader is set in the file itself, since Neovim starts itself again; a program adopted before keeps it.
  local loader; loader=$(patchelf --print-interpreter "$1")
  case $loader in "$root"*) ;; *) patchelf --set-interpreter "$root/usr$loader" "$1" ;; esac
  rpath "$1"
  ln -sfn "$1" "$bin/"
}
for tool in "${missing[@]}"; do
  case $tool in
    nvim) adopt "$root/usr/bin/nvim" ;;
    hx) adopt "$root/usr/lib/hx/hx" ;;
    emacs)
      # It looks for its files under /usr, so it is told where they are.
      adopt "$root/usr/bin/emacs-nox"
      version=$(basename "$(dirname "$(find "$root/usr/share/emacs" -maxdepth 2 -name lisp)")")
      parts=$(echo "$root/usr/libexec/emacs/$version"/*)
      lisp=$(find "$root/usr/share/emacs/$version/lisp" -type d ! -name obsolete ! -name term -printf '%p:')
      cat > "$bin/emacs" <<WRAPPER
#!/bin/sh
export EMACSLOADPATH="$lisp" EMACSDATA="$root/usr/share/emacs/$version/etc" EMACSDOC="$root/usr/share/emacs/$version/etc" EMACSPATH="$parts"
exec "$root/usr/bin/emacs-nox" --dump-file="$(echo "$parts"/emacs-*.pdmp)" "\$@"
WRAPPER
      chmod +x "$bin/emacs" ;;
    llama-server)
      # Its own libraries name a search path that hides the program's, and its backends are looked for beside it.
      for library in "$libs"/llama/*.so "$libs"/libllama*.so.* "$libs"/libggml*.so.* "$libs"/libmtmd.so.*; do
        [ -L "$library" ] || rpath "$library"
      done
      find "$libs/ggml" -name 'libggml-*.so' -exec ln -sf -t "$root/usr/bin" {} +
      adopt "$root/usr/bin/llama-server" ;;
  esac
  hash -r
  has "$tool" || { say "$tool was installed from $SUITE but does not run as needed"; exit 1; }
  say "installed $tool"
done
echo "$bin"
