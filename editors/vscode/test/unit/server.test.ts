import assert from 'node:assert/strict';
import { test } from 'node:test';
import { delimiter, join } from 'node:path';
import { Backoff, MOST_RESTARTS } from '../../src/server/backoff';
import { findServer } from '../../src/server/binary';
import { runChild } from '../../src/server/child';
import { serverSettings } from '../../src/server/settings';

const places = { setting: '', extensionFolder: '/ext', path: ['/usr/bin', 'relative', '/home/u/bin'].join(delimiter), platform: 'linux' as const };
const only = (...files: string[]) => async (file: string) => files.includes(file);

test('the program that the user names comes first, then the bundled one, then the PATH', async () => {
  const all = only('/own/byok-lsp', join('/ext', 'server', 'byok-lsp'), '/home/u/bin/byok-lsp');
  assert.deepEqual(await findServer({ ...places, setting: '/own/byok-lsp' }, all), { program: '/own/byok-lsp', from: 'setting' });
  assert.deepEqual(await findServer(places, all), { program: '/ext/server/byok-lsp', from: 'bundled' });
  assert.deepEqual(await findServer(places, only('/home/u/bin/byok-lsp')), { program: '/home/u/bin/byok-lsp', from: 'path' });
});

test('a path that the user names is never passed over in silence', async () => {
  const found = await findServer({ ...places, setting: '/gone/byok-lsp' }, only('/home/u/bin/byok-lsp'));
  assert.match('missing' in found ? found.missing : '', /no program at \/gone\/byok-lsp/);
});

test('a relative path, which would mean the open folder, is never run', async () => {
  const relative = only('relative/byok-lsp', 'byok-lsp', './byok-lsp');
  assert.ok('missing' in (await findServer(places, relative)));
  assert.ok('missing' in (await findServer({ ...places, setting: './byok-lsp' }, relative)));
});

test('a server that keeps ending is left alone, and one that ran long is sound again', () => {
  const backoff = new Backoff();
  const waits = [];
  for (let run = 0; run <= MOST_RESTARTS; run += 1) {
    backoff.started(0);
    waits.push(backoff.ended(10));
  }
  assert.deepEqual(waits, [200, 1_000, 4_000, 15_000, undefined]);
  backoff.started(0);
  assert.equal(backoff.ended(10 * 60_000), 200);
});

test('only what somebody wrote is sent, since a default would hide the user\'s own file', () => {
  const declared = { 'byok.serverPath': { scope: 'machine' }, 'byok.completion.model': { scope: 'machine' }, 'byok.completion.max_lines': { scope: 'window' }, 'byok.providers': { scope: 'machine' } };
  const values: Record<string, object> = {
    'byok.serverPath': { globalValue: '/x' },
    'byok.completion.model': { defaultValue: 'auto' },
    'byok.completion.max_lines': { globalValue: 3, workspaceValue: 5 },
    'byok.providers': { globalValue: { mock: { wire: 'openai-chat' } } },
  };
  assert.deepEqual(serverSettings(declared, (name) => values[name]), { completion: { max_lines: 5 }, providers: { mock: { wire: 'openai-chat' } } });
});

test('a workspace has no say in what names hosts, models or money', () => {
  const declared = { 'byok.completion.model': { scope: 'machine' }, 'byok.providers': { scope: 'machine' } };
  const theirs = { workspaceValue: 'theirs', workspaceFolderValue: 'theirs' };
  assert.deepEqual(serverSettings(declared, () => theirs), {});
  assert.deepEqual(serverSettings(declared, () => ({ ...theirs, globalValue: 'mine' })), { completion: { model: 'mine' }, providers: 'mine' });
});

test('a child gets its input on stdin and ends with its limit', async () => {
  const ended = await runChild({ program: '/bin/sh', args: ['-c', 'cat; echo said >&2; exit 3'], input: 'secret', limitMs: 10_000 });
  assert.deepEqual(ended, { code: 3, stdout: 'secret', stderr: 'said\n' });
  await assert.rejects(runChild({ program: '/bin/sh', args: ['-c', 'exec sleep 60'], limitMs: 50 }), /did not end within/);
});
