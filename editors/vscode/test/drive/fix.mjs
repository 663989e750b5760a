// What another extension complains about is mended: the compiler of TypeScript, by VS Code's own extension.
import assert from 'node:assert/strict';
import { mock, Provider } from './provider.mjs';

const CODE = 'export function area(width: number, height: number): number {\n    const label = "the area";\n    return label;\n}\n';
const MENDED = 'export function area(width: number, height: number): number {\n    return width * height;\n}';
const COMPLAINT = "Type 'string' is not assignable to type 'number'.";

const says = (text) => [{ text: ['```typescript\n', ...text.split(/(?<=\n)/), '\n```\n'], usage: { prompt_tokens: 700, completion_tokens: 40 } }];

export async function options() {
  const provider = await Provider.start({ script: says(MENDED) });
  return {
    provider, files: { 'area.ts': CODE, 'tsconfig.json': '{ "compilerOptions": { "strict": true }, "files": ["area.ts"] }' }, file: 'area.ts',
    config: mock(provider.url, { wire: 'openai-chat' }), settings: { 'byok.completion.model': 'local', 'byok.actions.model': 'mock/small' },
    env: { MOCK_KEY: 'sk-mock-key-of-the-fixes' },
  };
}

const rows = (editor) => editor.page.locator('.action-widget .monaco-list-row');
const squiggles = (editor) => editor.page.locator('.editor-instance .squiggly-error');

/** Opens the menu at the line with the mistake until it has an entry, and returns that. */
async function entry(editor, pattern) {
  await editor.focus('area.ts');
  await editor.goTo(3);
  // On what is complained about: from elsewhere in the line VS Code asks for quick fixes alone.
  await editor.keys('Home');
  const wanted = rows(editor).filter({ hasText: pattern }).first();
  await editor.until(`${pattern} in the menu`, async () => {
    await editor.keys('Escape', 'Control+.');
    await rows(editor).first().waitFor({ timeout: 4_000 });
    if ((await wanted.count()) > 0) return true;
    // Of a long menu only what is seen is there.
    await rows(editor).first().hover();
    await editor.page.mouse.wheel(0, 5_000);
    await wanted.waitFor({ timeout: 2_000 }).catch(async () => {
      throw new Error(JSON.stringify(await rows(editor).allTextContents()));
    });
    return true;
  });
  return wanted;
}

export const steps = {
  'a complaint of the compiler can be mended, with model, payer and price': async (editor, { provider }) => {
    await squiggles(editor).first().waitFor();
    const fix = await entry(editor, /Fix Type 'string' is not/);
    assert.match(await fix.textContent(), /mock\/small · .* · ~\$0\.\d+/);
    await editor.screenshot('fix-menu');
    await editor.keys('Escape');
    assert.equal((await provider.requests()).length, 0);
  },
  'an explanation of the complaint is shown, and the model was told what it says': async (editor, { provider }) => {
    await provider.script([{ text: ['A label ', 'is **no number**.'], usage: { prompt_tokens: 500, completion_tokens: 6 } }]);
    const explain = await entry(editor, /Explain the problem.*Type 'string' is not/);
    assert.match(await explain.textContent(), /mock\/small · .* · ~\$0\.\d+/);
    await explain.click();
    await editor.expectInView(/A label is no number\./);
    assert.ok(JSON.stringify((await provider.requests()).at(-1).body).includes(COMPLAINT));
  },
  'the fix is streamed, shown as a diff, and made; the compiler is content': async (editor, { provider }) => {
    await provider.script(says(MENDED));
    await (await entry(editor, /Fix Type 'string' is not/)).click();
    await editor.page.locator('.monaco-diff-editor:visible').waitFor();
    await editor.screenshot('fix-preview');
    const asked = JSON.stringify((await provider.requests()).at(-1).body);
    assert.ok(asked.includes(COMPLAINT), asked);
    await editor.keys('Control+Enter');
    await editor.until('the diff is gone', async () => (await editor.page.locator('.monaco-diff-editor:visible').count()) === 0);
    await editor.focus('area.ts');
    await editor.expectText(/number \{\n {4}return width \* height;\n\}/);
    await editor.until('the compiler is content', async () => (await squiggles(editor).count()) === 0);
    await editor.until('what it cost was told', async () => /"action":"fix"/.test(editor.read('from-server')));
  },
  'one step back brings the mistake again': async (editor) => {
    await editor.keys('Control+z');
    await editor.expectText(/const label = "the area";\n {4}return label;/);
  },
};
