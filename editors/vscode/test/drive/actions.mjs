// Code actions: offered for nothing, shown before they are made, taken back, told what to do.
import assert from 'node:assert/strict';
import { mock, Provider } from './provider.mjs';

const CODE = 'fn add(a: i32, b: i32) -> i32 {\n    let sum = a + b;\n    sum\n}\n';

const says = (code) => [{ text: ['Here you are:\n```rust\n', code, '\n```\n'], usage: { prompt_tokens: 1000, completion_tokens: 10 } }];
const SIMPLE = 'fn add(a: i32, b: i32) -> i32 {\n    a + b\n}';

export async function options() {
  const provider = await Provider.start({ script: says(SIMPLE) });
  return {
    provider, files: { 'lib.rs': CODE }, file: 'lib.rs', config: mock(provider.url, { wire: 'openai-chat' }),
    settings: { 'byok.completion.model': 'local', 'byok.actions.model': 'mock/small' }, env: { MOCK_KEY: 'sk-mock-key-of-the-actions' },
  };
}

const rows = (editor) => editor.page.locator('.action-widget .monaco-list-row');

/** Opens the menu of code actions on the function's body. */
async function menu(editor) {
  await editor.focus('lib.rs');
  await editor.goTo(2);
  // Before the server has the document there is nothing to offer, and the editor says so in place of a menu.
  await editor.until('the menu', async () => {
    await editor.keys('Escape', 'Control+.');
    await rows(editor).first().waitFor({ timeout: 4_000 });
    return true;
  });
}

async function choose(editor, title) {
  await menu(editor);
  await rows(editor).filter({ hasText: title }).first().click();
}

/** Waits for the diff, and returns the text of both sides. */
async function diff(editor) {
  await editor.page.locator('.monaco-diff-editor:visible').waitFor();
  let sides;
  await editor.until('both sides of the diff', async () => {
    sides = await editor.page.evaluate(() => ['original', 'modified'].map((side) => [...document.querySelectorAll(`.monaco-diff-editor .editor.${side} .view-line`)]
      .sort((a, b) => a.offsetTop - b.offsetTop).map((line) => line.textContent.replaceAll('\u00a0', ' ')).join('\n')));
    return sides.every((text) => text.includes('fn add'));
  });
  return sides;
}

const noDiff = (editor) => editor.until('the diff is gone', async () => (await editor.page.locator('.monaco-diff-editor:visible').count()) === 0);

export const steps = {
  'the menu names model, payer and price, and asks nobody': async (editor, { provider }) => {
    await editor.expectStatus(/patterns|local/);
    await editor.until('the function is known', async () => {
      await menu(editor);
      const titles = await rows(editor).allTextContents();
      if (titles.some((title) => /Simplify function add · mock\/small · .*~\$0\.\d+/.test(title))) return true;
      await editor.keys('Escape');
      throw new Error(JSON.stringify(titles));
    });
    await editor.screenshot('action-menu');
    await editor.keys('Escape');
    assert.equal((await provider.requests()).length, 0);
  },
  'an edit is shown before it is made, and made when the user says so': async (editor) => {
    await choose(editor, 'Simplify function add');
    const [before, after] = await diff(editor);
    assert.match(before, /let sum = a \+ b;/);
    assert.doesNotMatch(after, /let sum/);
    await editor.expectNotification(/the check mark above it/);
    await editor.screenshot('action-preview');
    await editor.page.locator('.editor-actions [aria-label^="Apply the Previewed Edit"]').first().click();
    await noDiff(editor);
    await editor.expectText(/i32 \{\n {4}a \+ b\n\}/);
  },
  'a discarded edit leaves the text as it was': async (editor) => {
    await editor.focus('lib.rs');
    await editor.keys('Control+z');
    await editor.expectText(/let sum = a \+ b;/);
    await choose(editor, 'Simplify function add');
    await diff(editor);
    await editor.page.locator('.editor-actions [aria-label^="Discard the Previewed Edit"]').first().click();
    await noDiff(editor);
    await editor.expectText(/let sum = a \+ b;/);
  },
  'who closes the diff does not want the edit': async (editor) => {
    await choose(editor, 'Simplify function add');
    await diff(editor);
    await editor.command('View: Close Editor');
    await noDiff(editor);
    await editor.expectText(/let sum = a \+ b;/);
    await editor.until('the action has ended', async () => !(await editor.notifications()).some((text) => /Simplify/.test(text)));
  },
  'the instruction is asked for, sent, and offered again': async (editor, { provider }) => {
    await provider.script(says('fn add(a: i32, b: i32) -> i32 {\n    a.wrapping_add(b)\n}'));
    await choose(editor, 'Rewrite function add');
    await editor.page.locator('.quick-input-widget:visible input').waitFor();
    await editor.type('use wrapping_add', 10);
    await editor.screenshot('instruction');
    await editor.keys('Enter');
    await diff(editor);
    await editor.keys('Control+Enter');
    await noDiff(editor);
    await editor.expectText(/a\.wrapping_add\(b\)/);
    assert.ok(JSON.stringify((await provider.requests()).at(-1).body).includes('use wrapping_add'));
    await choose(editor, 'Rewrite function add');
    await editor.expectOffered(/use wrapping_add/);
    await editor.keys('Escape');
  },
  'an action is taken back: the connection is closed, the text stays': async (editor, { provider }) => {
    await provider.script([{ text: Array.from({ length: 300 }, (_, i) => `// ${i}\n`), chunk_ms: 100 }]);
    await choose(editor, 'Simplify function add');
    await editor.until('it has begun', async () => (await provider.requests()).at(-1).sent > 2);
    await editor.screenshot('action-progress');
    await editor.press('Cancel');
    await editor.until('the connection is closed', async () => (await provider.requests()).at(-1).outcome === 'disconnected');
    await editor.expectText(/a\.wrapping_add\(b\)/);
  },
  'an explanation is shown as it is meant to be read': async (editor, { provider }) => {
    await provider.script([{ text: ['It adds ', '**two** ', 'numbers.'], usage: { prompt_tokens: 100, completion_tokens: 5 } }]);
    await choose(editor, 'Explain function add');
    await editor.expectInView(/It adds two numbers\./);
    await editor.screenshot('explanation');
  },
};
