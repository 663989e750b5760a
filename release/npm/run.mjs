#!/usr/bin/env node
// Runs the program with what this was given; the editor's pipes are the program's own.
import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const name = process.platform === 'win32' ? 'byok-lsp.exe' : 'byok-lsp';
const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'program', 'bin', name);
// Before the program runs: a signal that ended this alone would leave it behind.
const handedOn = ['SIGTERM', 'SIGINT', 'SIGHUP'];
for (const signal of handedOn) process.on(signal, () => child.kill(signal));
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) => {
  console.error(`byok-lsp: the program is not there (${error.message}); install the package anew, with its scripts`);
  process.exit(1);
});
child.on('exit', (code, signal) => {
  if (!signal) process.exit(code ?? 1);
  // Whoever started this is to see what the program died of. Our own listeners would take the signal in the end's place, and Node ignores some: then the code says it.
  for (const each of handedOn) process.removeAllListeners(each);
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
});
