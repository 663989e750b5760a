// A key: from the password box, or by signing in, into the key store, and to its provider alone.
import assert from 'node:assert/strict';
import { mock, Provider } from './provider.mjs';

const KEY = 'sk-canary-0123456789abcdef-wxyz';
const SIGNED_IN = 'sk-or-canary-9876543210fedcba';

export async function options() {
  const provider = await Provider.start({ key: KEY, signedIn: SIGNED_IN, script: [{ text: ['Reader', '::new(path);'] }] });
  return {
    provider,
    files: { 'lib.rs': 'fn open(path: &Path) -> Result<Reader> {\n\n}\n' },
    file: 'lib.rs',
    config: '[completion]\nmodel = "mock/small"\ndebounce_ms = 0\n[keys]\nstore = "file"\npassphrase = { env = "BYOK_TEST_PASSPHRASE" }\n'
      + `[providers.openrouter]\nbase_url = "${provider.url}"\n${mock(provider.url, { key: '"keyring"' })}`,
    env: { BYOK_TEST_PASSPHRASE: 'open sesame' },
  };
}

export const steps = {
  'a missing key is said once, with the button that mends it': async (editor) => {
    await editor.expectStatus(/small/);
    await editor.goTo(2);
    await editor.type('    let reader = ');
    await editor.expectNotification(/there is no key for mock/);
    await editor.until('the state, and what mends it, for those who do not see it', async () => /last call failed.*Store a key for mock\.$/.test((await editor.status()).label));
    await editor.screenshot('key-missing');
  },
  'the button asks for it in a password box, and it is stored': async (editor) => {
    await editor.press('Store a key for mock');
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
    await editor.goTo(2);
    await editor.asksUntil('a suggestion with the key', async () => {
      const asked = await provider.requests();
      return asked.some((request) => request.authorization === `Bearer ${KEY}`) && /Reader::new\(path\);/.test(await editor.ghost());
    });
  },
  'who signs in at OpenRouter needs no key to paste': async (editor) => {
    const opened = editor.page.context().waitForEvent('page');
    await editor.command('BYOK: Sign In to OpenRouter');
    const page = await opened;
    await page.waitForURL(/callback_url=/);
    // What the provider does once its user has agreed.
    await page.goto(`${new URL(page.url()).searchParams.get('callback_url')}?code=a-code-of-the-page`);
    await editor.expectNotification(/stored openrouter\/default/);
    await page.close();
    await editor.screenshot('signed-in');
  },
  'the doctor says what is set and what works': async (editor) => {
    await editor.command('BYOK: Doctor');
    await editor.until('the report', async () => (await editor.page.locator('.tab', { hasText: 'BYOK Doctor' }).count()) > 0);
    await editor.expectText(/mock\/small/);
    await editor.screenshot('doctor');
  },
  'the keys are nowhere else: no message, no setting, no log, no file': async (editor) => {
    // What the output channel is made of is looked at where it comes from: the server's log, at its most talkative, and the traffic.
    assert.ok(editor.read('server-log').includes('byok_lsp'), 'the log is kept');
    assert.ok(editor.read('to-server').includes('textDocument/inlineCompletion'), 'the traffic is kept');
    assert.ok(editor.read('from-server').includes('byok/status'), 'the traffic is kept');
    for (const key of [KEY, SIGNED_IN]) assert.deepEqual(await editor.placesOf(key), []);
  },
};
