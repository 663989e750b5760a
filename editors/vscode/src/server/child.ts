/** Runs byok-lsp for one task beside the server: storing a key, signing in, the doctor's report. */

import { spawn } from 'node:child_process';

export interface Task {
  readonly program: string;
  readonly args: readonly string[];
  /** Written to its stdin, which is then closed; the only way that a key takes. */
  readonly input?: string;
  /** It is ended after this time. */
  readonly limitMs: number;
  /** It is ended when this fires. */
  readonly signal?: AbortSignal;
  /** What it writes to stderr, as it comes. */
  readonly onStderr?: (text: string) => void;
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MOST_OUTPUT = 2_000_000;

/** Runs the program to its end. */
export function runChild(task: Task): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const limit = AbortSignal.timeout(task.limitMs);
    const signal = task.signal === undefined ? limit : AbortSignal.any([limit, task.signal]);
    const child = spawn(task.program, [...task.args], { signal, stdio: 'pipe', windowsHide: true, env: { ...process.env, NO_COLOR: '1' } });
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr, task.onStderr);
    child.on('error', (error) => {
      if (limit.aborted) reject(new Error(`byok-lsp did not end within ${Math.round(task.limitMs / 1000)} s`));
      else reject(error);
    });
    child.on('close', (code) => resolve({ code, stdout: stdout(), stderr: stderr() }));
    // A program that ends before it has read everything is no mistake of ours.
    child.stdin.on('error', () => {});
    child.stdin.end(task.input ?? '');
  });
}

function collect(stream: NodeJS.ReadableStream, tell?: (text: string) => void): () => string {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    if (text.length < MOST_OUTPUT) text += chunk;
    tell?.(chunk);
  });
  return () => text;
}
