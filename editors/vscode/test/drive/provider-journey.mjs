// A provider that bills: ghost text, its cost, the models, what the model was shown, what was spent.
import assert from 'node:assert/strict';
import { mock, Provider } from './provider.mjs';

const ANSWER = [{ text: ['Reader', '::new(path);'], usage: { prompt_tokens: 1000, completion_tokens: 10 } }];

export async function options() {
  const provider = await Provider.start({ script: ANSWER });
  return {
    provider,
    files: { 'lib.rs': 'fn open(path: &Path) -> Result<Reader> {\n\n}\n' },
    file: 'lib.rs',
    config: mock(provider.url),
    settings: { 'byok.completion.model': 'mock/small', 'byok.completion.debounce_ms': 0 },
    env: { MOCK_KEY: 'sk-mock-key-of-the-journey' },
  };
}

const CARD = '.workbench-hover-container, .monaco-hover.workbench-hover';

async function hover(editor) {
  const text = () => editor.page.evaluate((card) => document.querySelector(card)?.textContent ?? '', CARD);
  await editor.until('the card', async () => {
    // A card goes when the item below it is drawn anew; who wants it again moves the mouse again.
    await editor.page.mouse.move(500, 400);
    await editor.page.locator('.statusbar-item[id="byok-lsp.byok-lsp.byok.status"]').hover();
    for (const end = Date.now() + 4_000; Date.now() < end;) {
      if (/mock\/small.*this session.*tokens/s.test(await text())) return true;
      await editor.page.waitForTimeout(60);
    }
    throw new Error(`it is "${await text()}"`);
  });
}

/** The frame of the usage view. */
async function usageView(editor) {
  let view;
  await editor.until('the view', async () => {
    for (const frame of editor.page.frames()) {
      if ((await frame.locator('#report').count().catch(() => 0)) > 0) view = frame;
    }
    return view !== undefined;
  });
  return view;
}

/** What went one way between the editor and the server. */
function messages(editor, way) {
  // The last one may be on its way still.
  const frames = editor.read(way).split(/Content-Length: \d+\r\n\r\n/).slice(1);
  return frames.flatMap((frame) => { try { return [JSON.parse(frame)]; } catch { return []; } });
}

const asked = (editor) => messages(editor, 'to-server').filter(({ method }) => method === 'textDocument/inlineCompletion');

export const steps = {
  'ghost text comes from the provider, and its cost into the status bar': async (editor, { provider }) => {
    await editor.expectStatus(/small/);
    await editor.goTo(2);
    await editor.type('    let reader = ');
    await editor.expectGhost(/^Reader::new\(path\);/);
    await editor.expectStatus(/small \$0\.0\d*[1-9]\d* · \$0\.0\d*[1-9]\d* today/);
    await hover(editor);
    await editor.screenshot('ghost-text');
    await editor.page.mouse.move(500, 500);
    assert.equal((await provider.requests())[0].body.model, 'small');
    await editor.keys('Tab');
    await editor.expectText(/let reader = Reader::new\(path\);/);
  },
  'a dismissed suggestion does not come back while it is typed along': async (editor) => {
    await editor.keys('Enter');
    await editor.type('let again = ');
    await editor.expectGhost(/^Reader::new\(path\);/);
    await editor.keys('Escape');
    await editor.until('it is off the screen', async () => (await editor.ghost()) === '');
    await editor.until('the server is told', () => messages(editor, 'to-server').some(({ method }) => method === 'byok/didDismiss'));
    const before = asked(editor).length;
    await editor.type('Re');
    await editor.until('each key is asked about, and there is nothing', () => {
      const answers = messages(editor, 'from-server');
      const since = asked(editor).slice(before);
      const last = answers.find(({ id }) => id === since.at(-1)?.id);
      return last !== undefined && last.result?.items.length === 0;
    });
    assert.equal(await editor.ghost(), '');
    for (let keys = 'let again = Re'.length; keys > 0; keys -= 1) await editor.keys('Backspace');
  },
  'the card has the last calls': async (editor) => {
    await hover(editor);
    await editor.screenshot('status-card');
    await editor.page.mouse.move(500, 300);
  },
  'another model is picked, and kept': async (editor, { provider }) => {
    await editor.command('BYOK: Pick Model');
    await editor.expectOffered(/mock\/large.*\$30\.00 in, \$90\.00 out a million/);
    await editor.screenshot('pick-model');
    await editor.choose('mock/large');
    await editor.expectStatus(/large/);
    assert.equal(JSON.parse(editor.read('user/Machine/settings.json'))['byok.completion.model'], 'mock/large');
    await editor.goTo(2);
    await editor.asksUntil('the other model is asked', async () => (await provider.requests()).some((request) => request.body.model === 'large'));
  },
  'pausing stops the calls, and the state says so': async (editor, { provider }) => {
    await editor.command('BYOK: Pause');
    await editor.until('paused', async () => /paused/.test((await editor.status()).label));
    const before = (await provider.requests()).length;
    const asked = () => editor.read('to-server').split('"textDocument/inlineCompletion"').length;
    const heard = asked();
    await editor.goTo(2);
    await editor.asksUntil('the editor asks the server', () => asked() > heard);
    await editor.command('BYOK: Resume');
    await editor.until('going on', async () => !/paused/.test((await editor.status()).label));
    assert.equal((await provider.requests()).length, before);
  },
  'what the model was shown can be read, piece by piece': async (editor) => {
    await editor.command('BYOK: Explain Context of the Last Suggestion');
    await editor.expectInView(/let reader/);
    await editor.screenshot('context');
    await editor.command('View: Close Editor');
  },
  'which model is asked, and why, can be read': async (editor) => {
    await editor.command('BYOK: Explain Which Model Is Asked');
    await editor.expectInView(/the settings name it/);
    await editor.screenshot('route');
    await editor.command('View: Close Editor');
  },
  'the usage view has what was spent, in charts and in tables': async (editor) => {
    await editor.command('BYOK: Usage and Cost');
    const view = await usageView(editor);
    await editor.until('the report', async () => /Spent\s+~?\$0\.\d+/.test(await view.evaluate(() => document.body.innerText)));
    assert.ok((await view.locator('canvas[role=img][aria-label]').count()) > 0, 'charts with words');
    // Nothing in it is without a name: what can be reached by the keyboard says what it is.
    const nameless = await view.evaluate(() => [...document.querySelectorAll('select, [role=region], canvas, button')]
      .filter((it) => !(it.getAttribute('aria-label') || it.labels?.[0]?.textContent.trim())).map((it) => it.outerHTML.slice(0, 80)));
    assert.deepEqual(nameless, []);
    await editor.screenshot('usage');
  },
  'the usage view is asked otherwise by the keyboard, and follows the theme': async (editor) => {
    const view = await usageView(editor);
    await view.locator('#by').selectOption('provider');
    await editor.until('the other report', async () => /By provider/i.test(await view.evaluate(() => document.body.innerText)));
    const paper = () => view.evaluate(() => getComputedStyle(document.body).backgroundColor);
    const light = await paper();
    await editor.command('Preferences: Toggle between Light/Dark Themes');
    await editor.until('the other theme', async () => (await paper()) !== light);
    await editor.screenshot('usage-dark');
  },
};
