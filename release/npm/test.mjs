// Usage: node release/npm/test.mjs FOLDER      packs the filled-in package (release/recipes.sh) of FOLDER/recipes/npm, installs it from FOLDER, and runs it
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

const folder = path.resolve(process.argv[2]);
const work = mkdtempSync(path.join(os.tmpdir(), 'byok-npm-'));
try {
  const run = (...command) => execFileSync(command[0], command.slice(1), { cwd: work, encoding: 'utf8', env: { ...process.env, BYOK_RELEASES: folder } });
  const packed = run('npm', 'pack', '--silent', path.join(folder, 'recipes', 'npm')).trim();
  run('npm', 'install', '--silent', '--no-audit', '--no-fund', '--offline', path.join(work, packed));
  console.log(run(path.join(work, 'node_modules', '.bin', 'byok-lsp'), '--version').trim());
  console.log('1 passed, 0 failed');
} finally {
  rmSync(work, { recursive: true });
}
