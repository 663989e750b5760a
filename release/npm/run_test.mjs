// Usage: node release/npm/run_test.mjs      the wrapper ends as the program does that it runs; the last line counts
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import path from 'node:path';

const work = mkdtempSync(path.join(tmpdir(), 'byok-npm-run-'));
const wrapper = path.join(work, 'run.mjs');
copyFileSync(new URL('run.mjs', import.meta.url), wrapper);
mkdirSync(path.join(work, 'program', 'bin'), { recursive: true });

// How the wrapper ends round a program that is SCRIPT. SENT reaches the wrapper once the program says that it runs.
async function ended(script, sent) {
  writeFileSync(path.join(work, 'program', 'bin', 'byok-lsp'), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  const run = spawn(process.execPath, [wrapper], { stdio: ['ignore', 'pipe', 'inherit'] });
  if (sent) run.stdout.once('data', () => run.kill(sent));
  else run.stdout.resume();
  const [code, signal] = await once(run, 'exit');
  return signal ? 128 + constants.signals[signal] : code;
}

let passed = 0;
let failed = 0;
async function check(title, expected, script, sent) {
  const got = await ended(script, sent);
  if (got === expected) {
    passed += 1;
    console.log(`ok    ${title}`);
  } else {
    failed += 1;
    console.log(`FAIL  ${title}: it ended with ${got} instead of ${expected}`);
  }
}

try {
  await check('an exit code is handed on', 7, 'exit 7');
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGKILL', 'SIGPIPE']) {
    await check(`a program that died by ${name} is no success`, 128 + constants.signals[name], `kill -${name.slice(3)} $$`);
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    await check(`${name} reaches the program`, 128 + constants.signals[name], 'echo runs; exec sleep 10', name);
  }
  await check('a program that ends by itself at a signal has its own code', 3, 'sleep 10 & trap "kill $!; exit 3" TERM; echo runs; wait', 'SIGTERM');
} finally {
  rmSync(work, { recursive: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
