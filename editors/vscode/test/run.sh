#!/usr/bin/env bash
# Usage: editors/vscode/test/run.sh [SCENARIO...]      (env: BYOK_BINARY, default: the debug build)
# Installs what package-lock.json names, builds, tests and packages the extension, and drives it in the real VS Code.
# Needs code-server, its Node.js, and chromium on the PATH: tests/support/install_code_server.sh
set -euo pipefail
cd "$(dirname "$0")/.."
stamp=node_modules/.installed
if ! cmp -s package-lock.json "$stamp"; then
  npm ci --no-audit --no-fund --loglevel=error
  cp package-lock.json "$stamp"
fi
rm -rf out dist
npm test
npm run package
npm run test:editor -- "$@"
