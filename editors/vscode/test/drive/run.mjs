// Drives the packaged extension in the real VS Code, and runs the tests of the extension host.
//   node test/drive/run.mjs [SCENARIO...]
// Needs code-server and chromium on the PATH, BYOK_BINARY (a byok-lsp) and `npm run package` before. Screenshots: target/test-artifacts/vscode;
// with BYOK_UPDATE_PICTURES=1 also docs/images/vscode.png.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { Editor } from './editor.mjs';

const root = fileURLToPath(new URL('../../../../', import.meta.url));
const artifacts = join(root, 'target/test-artifacts/vscode');
const binary = resolve(process.env.BYOK_BINARY ?? join(root, 'target/debug/byok-lsp'));
const MOST_VSIX_BYTES = 500_000;

const wanted = process.argv.slice(2);
const scenarios = ['host', 'first-minute', 'provider-journey', 'dismiss', 'actions', 'fix', 'troubles', 'budget', 'keys'].filter((name) => wanted.length === 0 || wanted.includes(name));

rmSync(artifacts, { recursive: true, force: true });
mkdirSync(artifacts, { recursive: true });
let passed = 0;
let failed = 0;

async function check(name, run) {
  const start = Date.now();
  try {
    await run();
    passed += 1;
    console.log(`ok   ${name} (${((Date.now() - start) / 1000).toFixed(1)} s)`);
    return true;
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}\n${error.stack}`);
    return false;
  }
}

const [vsix] = readdirSync('dist').filter((name) => name.endsWith('.vsix')).map((name) => join('dist', name));
if (vsix === undefined) throw new Error('there is no VSIX in dist/; run `npm run package`');
const unpacked = mkdtempSync(join(tmpdir(), 'byok-vsix-'));
execFileSync('python3', ['-m', 'zipfile', '-e', vsix, unpacked]);
const extension = join(unpacked, 'extension');

await check(`the VSIX is smaller than ${MOST_VSIX_BYTES / 1000} kB without the server`, () => {
  const bytes = statSync(vsix).size;
  if (bytes >= MOST_VSIX_BYTES) throw new Error(`it has ${bytes} bytes`);
  console.log(`     ${vsix}: ${(bytes / 1000).toFixed(0)} kB`);
});

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', headless: true,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/** The tests of the extension host write to a file what came of them. */
async function host() {
  const results = join(artifacts, 'host.txt');
  const tests = { from: resolve('out/host'), as: 'byok-lsp.byok-host-tests-0.0.1' };
  const editor = await Editor.open(browser, { extension, binary, artifacts, files: { 'empty.rs': '' }, extensions: [tests], direct: true, env: { BYOK_HOST_RESULTS: results } });
  try {
    const read = () => { try { return readFileSync(results, 'utf8'); } catch { return ''; } };
    await editor.until('the tests of the extension host end', async () => /^\d+ passed, \d+ failed$/m.test(read()));
    console.log(read().replace(/^/gm, '     '));
    const [, ok, bad] = /^(\d+) passed, (\d+) failed$/m.exec(read());
    passed += Number(ok);
    failed += Number(bad);
  } catch (error) {
    failed += 1;
    console.log(`FAIL host: ${error.message}`);
    await editor.failed('host', error);
  } finally {
    await editor.close();
  }
}

async function drive(name) {
  const { options, steps } = await import(`./${name}.mjs`);
  const given = await options();
  let editor;
  try {
    editor = await Editor.open(browser, { extension, binary, artifacts, ...given });
    for (const [title, step] of Object.entries(steps)) {
      const worked = await check(`${name}: ${title}`, async () => {
        try {
          await step(editor, given);
        } catch (error) {
          await editor.failed(`${name} ${title}`, error);
          throw error;
        }
      });
      // What follows builds on it.
      if (!worked) break;
    }
  } catch (error) {
    failed += 1;
    console.log(`FAIL ${name}: ${error.message}`);
  } finally {
    await editor?.close();
    given.provider?.stop();
  }
}

/** What the server can be told tells what there is to be driven. */
const schema = execFileSync(binary, ['config', 'schema'], { encoding: 'utf8' });

for (const name of scenarios) {
  if (name === 'budget' && !('budget' in JSON.parse(schema).properties)) console.log('skip budget: this byok-lsp has none');
  else if (name === 'host') await host();
  else await drive(name);
}
await browser.close();
if (process.env.BYOK_UPDATE_PICTURES) copyFileSync(join(artifacts, 'ghost-text.png'), join(root, 'docs/images/vscode.png'));
rmSync(unpacked, { recursive: true, force: true, maxRetries: 10 });
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
