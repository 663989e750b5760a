/**
 * Tests of the extension in the real extension host: a second extension, which starts first, runs them and writes what came of them to
 * the file that BYOK_HOST_RESULTS names.
 */

import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { tests } from './tests';

const ID = 'byok-lsp.byok-lsp';

export async function activate(): Promise<void> {
  const results = process.env['BYOK_HOST_RESULTS'];
  if (results === undefined) return;
  const say = (line: string) => appendFileSync(results, `${line}\n`);
  const extension = vscode.extensions.getExtension(ID);
  if (extension === undefined) {
    say(`FAIL the extension ${ID} is there`);
    say('0 passed, 1 failed');
    return;
  }
  const start = performance.now();
  const api = await extension.activate();
  const wall = performance.now() - start;
  let passed = 0;
  let failed = 0;
  for (const [name, run] of tests(api)) {
    try {
      await run();
      passed += 1;
      say(`ok   ${name}`);
    } catch (error) {
      failed += 1;
      say(`FAIL ${name}\n${error instanceof Error ? error.stack : String(error)}`);
    }
  }
  say(`activation: ${api.activation.toFixed(1)} ms of the extension host's thread; back after ${wall.toFixed(1)} ms by the clock, with all that went on meanwhile`);
  say(`${passed} passed, ${failed} failed`);
}
