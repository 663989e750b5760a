// The first minute: nothing configured, no key, no network.
import assert from 'node:assert/strict';
import { HOLE, PATTERNS } from './patterns.mjs';

export const options = () => ({ files: { 'lib.rs': PATTERNS }, file: 'lib.rs' });

export const steps = {
  'the status bar says what answers, and who pays': async (editor) => {
    await editor.expectStatus(/local|patterns/);
    assert.match((await editor.status()).label, /BYOK: .*paid by nobody/);
  },
  'ghost text is seen while typing': async (editor) => {
    await editor.typeUntilGhost(HOLE, '    let reader = Buf', /^Reader::new\(/);
    await editor.screenshot('ghost-text-local');
  },
  'one word of it is accepted': async (editor) => {
    const before = await editor.ghost();
    await editor.keys('Control+ArrowRight');
    await editor.expectText(/\{\n {4}let reader = BufReader\b/);
    await editor.until('the rest of it is still there', async () => {
      const rest = await editor.ghost();
      return rest !== '' && rest.length < before.length;
    });
    await editor.screenshot('ghost-text-partial');
  },
  'the rest is accepted with Tab': async (editor) => {
    await editor.keys('Tab');
    await editor.expectText(/last\(.*\n {4}let reader = BufReader::new\(File::open\(path\)\?\);/);
    await editor.expectStatus(/\$0\.00/);
  },
  'one quiet hint, once': async (editor) => {
    await editor.expectNotification(/suggestions come from your own code/);
    await editor.screenshot('first-hint');
    await editor.press('First Steps');
    await editor.until('the walkthrough is open', async () => (await editor.page.getByText('BYOK: the first minute').count()) > 0);
    await editor.screenshot('walkthrough');
    await editor.keys('Control+w');
  },
};
