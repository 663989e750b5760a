// Whose suggestion Escape takes off the screen, and who else has that key. That ours is told and stays away: provider-journey.mjs.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { mock, Provider } from './provider.mjs';

const OTHER = { from: fileURLToPath(new URL('other', import.meta.url)), as: 'somebody.other-0.0.1' };

/** Ends with what the other extension has something to say to. */
const OURS = [{ text: ['Reader::new(path).other'], usage: { prompt_tokens: 1000, completion_tokens: 10 } }];
/** Nothing is heard for as long as a step takes, so that what ours said last is the last of it. */
const LATE = [{ text: ['late'], first_ms: 600_000 }];

export async function options() {
  const provider = await Provider.start({ script: OURS });
  return {
    provider,
    files: { 'lib.rs': 'fn open(path: &Path) -> Result<Reader> {\n\n}\n' },
    file: 'lib.rs',
    config: mock(provider.url),
    extensions: [OTHER],
    settings: { 'byok.completion.model': 'mock/small', 'byok.completion.debounce_ms': 0 },
    env: { MOCK_KEY: 'sk-mock-key-of-the-dismissal' },
  };
}

const told = (editor, method) => editor.read('to-server').split(`"${method}"`).length - 1;

async function dismiss(editor, key) {
  await editor.keys(key);
  await editor.until('it is off the screen', async () => (await editor.ghost()) === '');
}

/** Types on until the server is asked again: what it was to be told before, it has been told by then. */
async function isNotToldOfDismissals(editor) {
  const before = told(editor, 'textDocument/inlineCompletion');
  await editor.asksUntil('the server is asked again', () => told(editor, 'textDocument/inlineCompletion') > before);
  assert.equal(told(editor, 'byok/didDismiss'), 0);
}

export const steps = {
  'what was typed against is gone, so Escape on what another extension suggests then tells nothing': async (editor, { provider }) => {
    await editor.expectStatus(/small/);
    await editor.goTo(2);
    await editor.type('    let reader = ');
    await editor.expectGhost(/^Reader::new\(path\)\.other/);
    await provider.script(LATE);
    await editor.type('other');
    await editor.expectGhost(/^Text\(\);/);
    await dismiss(editor, 'Escape');
    await isNotToldOfDismissals(editor);
  },
  'what was accepted neither': async (editor, { provider }) => {
    await provider.script(OURS);
    await editor.keys('Enter');
    await editor.type('let again = ');
    await editor.expectGhost(/^Reader::new\(path\)\.other/);
    await provider.script(LATE);
    await editor.keys('Tab');
    await editor.expectGhost(/^Text\(\);/);
    await dismiss(editor, 'Escape');
    await isNotToldOfDismissals(editor);
  },
  'where Vim\'s keys are, Escape is theirs, and nothing is told': async (editor, { provider }) => {
    await editor.command('Other: Be a Vim');
    await provider.script(OURS);
    await editor.keys('Enter');
    await editor.type('let writer = ');
    await editor.expectGhost(/^Reader::new\(path\)\.other/);
    await dismiss(editor, 'Escape');
    await isNotToldOfDismissals(editor);
  },
  'a key of the user\'s own does it there': async (editor) => {
    await editor.keys('Enter');
    await editor.type('let writer = ');
    await editor.expectGhost(/^Reader::new\(path\)\.other/);
    await dismiss(editor, 'F7');
    await editor.until('the server is told', () => told(editor, 'byok/didDismiss') === 1);
  },
};
