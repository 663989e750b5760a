// A key: from the password box into the key store, and to its provider alone.
import assert from 'node:assert/strict';
import { mock, Provider } from './provider.mjs';

const KEY = 'sk-canary-0123456789abcdef-wxyz';

/** Everything that the key could look like in a file or a message. */
const SHAPES = [KEY, Buffer.from(KEY).toString('base64').slice(0, 24), encodeURIComponent(KEY), KEY.slice(3, 24)];

export async function options() {
  const provider = await Provider.start({ key: KEY, script: [{ text: ['Reader', '::new(path);'] }] });
  return {
    provider,
    files: { 'lib.rs': 'fn open(path: &Path) -> Result<Reader> {\n\n}\n' },
    file: 'lib.rs',
    config: '[completion]\nmodel = "mock/small"\ndebounce_ms = 0\n[keys]\nstore = "file"\npassphrase = { env = "BYOK_TEST_PASSPHRASE" }\n'
      + mock(provider.url, { key: '"keyring"' }),
    env: { BYOK_TEST_PASSPHRASE: 'open sesame' },
  };
}

export const steps = {
  'a missing key is said once, with the button that mends it': async (editor) => {
    await editor.expectStatus(/small/);
    await editor.goTo(2);
    await editor.type('    let reader = ');
    await editor.expectNotification(/key/i);
    await editor.until('the button', async () => (await editor.page.locator('.notification-list-item .monaco-button', { hasText: 'Set Key' }).count()) > 0);
    await editor.screenshot('key-missing');
  },
  'the button asks for it in a password box, and it is stored': async (editor) => {
    await editor.press('Set Key');
    const box = editor.page.locator('.quick-input-widget:visible input');
    await box.waitFor();
    assert.equal(await box.getAttribute('type'), 'password');
    await editor.screenshot('key-box');
    await editor.type(KEY, 5);
    await editor.keys('Enter');
    await editor.expectNotification(/stored mock\/default/);
    await editor.screenshot('key-stored');
  },
  'the next suggestion uses it, without a restart': async (editor, { provider }) => {
    await editor.page.locator('.editor-instance .monaco-editor .view-lines').first().click();
    await editor.goTo(2);
    await editor.until('a suggestion with the key', async () => {
      // No step back, after which nobody is asked.
      await editor.type(' ');
      await editor.page.waitForTimeout(400);
      return (await provider.requests()).some((request) => request.authorization === `Bearer ${KEY}` && request.outcome === 'complete');
    });
    await editor.expectGhost(/Reader::new\(path\);/);
  },
  'it is nowhere else: no message, no setting, no log, no file': async (editor) => {
    // What the output channel is made of is looked at where it comes from: the server's log, at its most talkative, and the traffic.
    assert.ok(editor.read('server-log').includes('byok_lsp'), 'the log is kept');
    const screen = await editor.page.evaluate(() => document.body.textContent);
    assert.ok(editor.read('to-server').includes('textDocument/inlineCompletion'), 'the traffic is kept');
    assert.ok(editor.read('from-server').includes('byok/status'), 'the traffic is kept');
    let files = 0;
    for (const [path, bytes] of editor.everything()) {
      files += 1;
      for (const shape of SHAPES) assert.ok(!bytes.includes(shape), `the key stands in ${path}`);
    }
    assert.ok(files > 5);
    for (const shape of SHAPES) assert.ok(!screen.includes(shape) && !editor.output.includes(shape));
  },
};
