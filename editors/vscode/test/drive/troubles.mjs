// A provider that is down, or overloaded: a state, one message with the way out, and an end.
import assert from 'node:assert/strict';
import { HOLE, PATTERNS } from './patterns.mjs';
import { mock, Provider } from './provider.mjs';

const ANSWER = [{ text: ['::of(path);'], usage: { prompt_tokens: 1000, completion_tokens: 10 } }];

export async function options() {
  const provider = await Provider.start({ script: ANSWER });
  await provider.down();
  return {
    provider, files: { 'lib.rs': PATTERNS }, file: 'lib.rs', config: mock(provider.url), env: { MOCK_KEY: 'sk-mock-key-of-the-troubles' },
    settings: { 'byok.completion.model': 'mock/small', 'byok.completion.debounce_ms': 0 },
  };
}

const failures = (editor) => editor.told('"outcome":"failed"');
const advices = (editor) => editor.told('"byok/advice"');
const isWell = async (editor) => !/last call failed/.test((await editor.status()).label);

export const steps = {
  'a provider that is down is told once, with the way out as a button, and is a state': async (editor) => {
    await editor.expectStatus(/small/);
    await editor.goTo(HOLE);
    await editor.type('    let reader = ');
    await editor.expectNotification(/mock\/small: the provider cannot be reached/);
    await editor.until('the state', async () => /last call failed.*Use the local engine\.$/.test((await editor.status()).label));
    await editor.screenshot('provider-down');
    const before = failures(editor);
    await editor.asksUntil('it is asked again, and fails again', () => failures(editor) > before);
    assert.equal(advices(editor), 1);
  },
  'it comes back by itself when the provider does': async (editor, { provider }) => {
    await provider.up();
    await editor.asksUntil('it recovers', async () => /::of\(path\);/.test(await editor.ghost()) && isWell(editor));
    await editor.screenshot('provider-back');
  },
  'what passes by itself is a state, and nobody is disturbed': async (editor, { provider }) => {
    await provider.script([{ status: 503 }]);
    await editor.asksUntil('the state', async () => !(await isWell(editor)));
    assert.equal(advices(editor), 1);
    assert.ok(!(await editor.messages()).some((text) => /overloaded|503/.test(text)));
    await provider.script(ANSWER);
    await editor.asksUntil('it recovers', () => isWell(editor));
  },
  'what mends it stands first in the menu, and does it: the embedded engine goes on': async (editor, { provider }) => {
    await provider.down();
    await editor.asksUntil('the state', async () => !(await isWell(editor)));
    await editor.page.locator('.statusbar-item[id="byok-lsp.byok-lsp.byok.status"] a').click();
    await editor.expectOffered(/Pick Model/);
    assert.match((await editor.offered())[0], /Use the local engine/);
    await editor.screenshot('menu');
    await editor.choose('Use the local engine');
    await editor.expectStatus(/patterns|local/);
    await editor.goTo(HOLE);
    await editor.keys('Home', 'Home', 'Shift+End', 'Delete');
    await editor.typeUntilGhost(HOLE, '    let reader = Buf', /^Reader::new\(/);
    await editor.until('the state is gone', () => isWell(editor));
  },
};
