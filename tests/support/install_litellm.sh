#!/usr/bin/env bash
# Usage: install_litellm.sh FOLDER
# Makes sure that the LiteLLM proxy is in a virtual environment of its own under FOLDER, 742 MB that take one to eight minutes the first time.
# Prints the program's path as its last line. Exit codes: 0 it is there, 1 failed, 3 not installable here.
set -euo pipefail

VERSION=1.106.2
say() { echo "install_litellm: $*" >&2; }
folder=${1:?the folder to install into}/litellm-$VERSION
program=$folder/bin/litellm

# The mark is made last, so that half an installation is not taken for a whole one.
if [ -e "$folder/installed" ]; then echo "$program"; exit 0; fi
python3 -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null || { say "missing: Python 3.10 or newer as \"python3\""; exit 3; }
if ! python3 -c 'import ensurepip, venv' 2>/dev/null && [ "$(id -u)" = 0 ] && [ -r /etc/debian_version ]; then
  apt-get update -qq >&2 && apt-get install -qqy --no-install-recommends python3-venv >&2
fi
python3 -c 'import ensurepip, venv' 2>/dev/null || { say "missing: Python's venv module (Debian: python3-venv)"; exit 3; }
rm -rf "$folder"
python3 -m venv "$folder" >&2
if ! "$folder/bin/pip" install --quiet --disable-pip-version-check "litellm[proxy]==$VERSION" >&2; then
  rm -rf "$folder"
  say "litellm[proxy] $VERSION could not be installed; its own words stand above"
  exit 3
fi
touch "$folder/installed"
say "installed LiteLLM $VERSION"
echo "$program"
