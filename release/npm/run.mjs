#!/usr/bin/env node
// Runs the program with what this was given; the editor's pipes are the program's own.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const name = process.platform === 'win32' ? 'byok-lsp.exe' : 'byok-lsp';
const program = path.join(path.dirname(fileURLToPath(import.meta.url)), 'program', 'bin', name);
const child = spawn(program, process.argv.slice(2), { stdio: 'inherit' });
child.on('error', (error) => {
  console.error(`byok-lsp: the program is not there (${error.message}); install the package anew, with its scripts`);
  process.exit(1);
});
child.on('exit', (code, signal) => (signal ? process.kill(process.pid, signal) : process.exit(code ?? 1)));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, () => child.kill(signal));
