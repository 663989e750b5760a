// A cap is reached: what is paid for stops, ghost text goes on from this machine, and the status bar says so.
import assert from 'node:assert/strict';
import { HOLE, PATTERNS } from './patterns.mjs';
import { mock, Provider } from './provider.mjs';

/** A second function that is written like the others, and its empty line. */
const SECOND = '\npub fn middle(path: &Path) -> std::io::Result<usize> {\n\n}\n';
const SECOND_HOLE = HOLE + 4;

export async function options() {
  const provider = await Provider.start({ script: [{ text: ['::of(path);'], usage: { prompt_tokens: 1000, completion_tokens: 10 } }] });
  return {
    provider, files: { 'lib.rs': PATTERNS + SECOND }, file: 'lib.rs', env: { MOCK_KEY: 'sk-mock-key-of-the-budget' },
    config: `${mock(provider.url)}[[budget.caps]]\nname = "today"\namount = "0.012 USD"\nper = "day"\nat = "degrade"\ndegrade_to = "local"\n`,
    settings: { 'byok.completion.model': 'mock/small', 'byok.completion.debounce_ms': 0 },
  };
}

export const steps = {
  'the ring in the status bar fills as the cap is used up': async (editor) => {
    await editor.expectStatus(/small/);
    await editor.goTo(HOLE);
    await editor.type('    let reader = ');
    // How many calls a line takes is for the pauses in typing to say.
    await editor.expectStatus(/today [○◔◑◕●]/);
    assert.match((await editor.status()).label, /Budget today: \$0\.\d+ of \$0\.012/);
    await editor.screenshot('budget-ring');
  },
  'a call that would break the cap is not sent; the embedded engine answers, and the user is told once': async (editor, { provider }) => {
    await editor.asksUntil('the cap is reached', async () => /●/.test((await editor.status()).text), 3_000);
    await editor.expectNotification(/local\/patterns answers meanwhile: the cap "today"/);
    assert.match((await editor.status()).label, /reached; a cheaper model answers/);
    const before = (await provider.requests()).length;
    await editor.typeUntilGhost(SECOND_HOLE, '    let reader = ', /^BufReader::new\(/);
    assert.equal((await provider.requests()).length, before);
    const paid = (await provider.requests()).filter((request) => request.outcome === 'complete').length;
    assert.ok(paid * 0.0032 <= 0.012, `${paid} calls were paid for`);
    await editor.screenshot('budget-reached');
  },
};
