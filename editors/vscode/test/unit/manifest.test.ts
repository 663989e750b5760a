import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
// @ts-expect-error a script without types
import { updated } from '../../scripts/settings.mjs';

const manifest = JSON.parse(readFileSync('package.json', 'utf8'));
const schema = JSON.parse(readFileSync('../../docs/protocol/settings.schema.json', 'utf8'));
const settings: Record<string, { scope: string }> = Object.assign({}, ...manifest.contributes.configuration.map((group: { properties: object }) => group.properties));

test('the settings are those of the server\'s schema (else run: npm run settings)', () => {
  assert.deepEqual(manifest, updated(manifest, schema));
});

test('what names hosts, commands, proxies, keys, models or money is for the user alone', () => {
  const restricted: string[] = manifest.capabilities.untrustedWorkspaces.restrictedConfigurations;
  for (const name of Object.keys(settings)) {
    const isTheirs = /^byok\.(completion\.(debounce_ms|max_lines|trigger)|local\.min_confidence)$/.test(name);
    assert.equal(settings[name]?.scope, isTheirs ? 'window' : 'machine', name);
    assert.ok(restricted.includes(name), `${name} without trust`);
  }
  for (const name of ['byok.providers', 'byok.budget.day', 'byok.completion.model', 'byok.serverPath', 'byok.keys.passphrase']) assert.ok(restricted.includes(name), name);
});

test('what the server takes from the user\'s own file alone is not offered here', () => {
  for (const name of ['byok.network.ca_bundle', 'byok.keys.environment', 'byok.actions.check', 'byok.network.proxy', 'byok.audit.keep', 'byok.organisation.file', 'byok.telemetry.endpoint']) assert.ok(!(name in settings), name);
});

test('no setting has a default that would hide the user\'s own file', () => {
  for (const [name, setting] of Object.entries(settings)) {
    if (!['byok.serverPath', 'byok.previewEdits', 'byok.trace.server'].includes(name)) assert.ok(!('default' in setting), name);
  }
});

test('every command in the palette is one that the code registers, and none has a name of the server\'s', () => {
  const code = readFileSync('src/commands.ts', 'utf8');
  for (const { command } of manifest.contributes.commands) {
    const name = /^byokLsp\.(\w+)$/.exec(command)?.[1];
    assert.ok(name !== undefined && new RegExp(`^    ${name}: `, 'm').test(code), command);
  }
});

test('Escape is ours only where a suggestion of an editor without Vim\'s keys is visible, and no menu is', () => {
  const { when } = manifest.contributes.keybindings.find((binding: { key: string }) => binding.key === 'escape');
  const conditions = ['byok.running', 'inlineSuggestionVisible', 'editorTextFocus', '!suggestWidgetVisible', '!vim.active', '!neovim.init'];
  assert.deepEqual(when.split(' && ').sort(), conditions.sort());
});

test('the lock file names no place that packages come from', () => {
  const lock = readFileSync('package-lock.json', 'utf8');
  assert.doesNotMatch(lock, /"resolved"/);
});
