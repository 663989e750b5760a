import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Cap, Status, Usage } from '../../src/protocol';
import { State } from '../../src/state';
import { ring } from '../../src/status/budget';
import { CARD_COMMANDS, cardOf } from '../../src/status/card';
import { fixOf } from '../../src/status/fix';
import { wordsOf } from '../../src/status/words';
import { usage } from './fixtures';

function stateOf(status: Partial<Status>, ...calls: Usage[]): State {
  const state = new State();
  state.lived('running');
  state.take('byok/status', { state: 'idle', model: 'openai/gpt-4.1-mini', payer: 'you: your own key', ...status });
  for (const call of calls) state.take('byok/usage', call);
  return state;
}

test('the status bar has the model, the session\'s cost and today\'s', () => {
  const words = wordsOf(stateOf({}, usage()));
  assert.equal(words.text, '$(sparkle) gpt-4.1-mini $0.00019 · $0.0052 today');
  assert.match(words.spoken, /^BYOK: openai\/gpt-4.1-mini, paid by you: your own key, \$0.00019 this session, \$0.0052 today\./);
});

test('every state has words for those who do not see it', () => {
  assert.match(wordsOf(stateOf({ state: 'busy' })).spoken, /waiting for openai/);
  assert.match(wordsOf(stateOf({ state: 'paused' })).spoken, /paused, .*Resume/);
  const fix = { title: 'Store a key for openai', command: 'byok.setKey', arguments: ['openai'] };
  assert.match(wordsOf(stateOf({ state: 'error', message: 'the key was refused', fix })).spoken, /last call failed.*the key was refused.*Store a key for openai\./);
  assert.match(wordsOf(new State()).spoken, /stopped/);
  const missing = new State();
  missing.lived('missing');
  assert.match(wordsOf(missing).spoken, /not installed/);
});

test('an error comes with what the server says mends it, by this editor\'s own means where it has better ones', () => {
  const fix = (command: string, ...args: unknown[]) => fixOf(stateOf({ state: 'error', message: 'any words', fix: { title: 'Mend it', command, arguments: args } }));
  assert.deepEqual(fix('byok.setKey', 'openai'), { title: 'Mend it', command: 'byokLsp.setKey', args: ['openai'] });
  assert.deepEqual(fix('byok.setModel', 'local'), { title: 'Mend it', command: 'byok.setModel', args: ['local'] });
  assert.equal(fix('byok.setModel')?.command, 'byokLsp.pickModel');
  assert.equal(fix('byok.openSettings')?.command, 'workbench.action.openSettings');
  assert.equal(fixOf(stateOf({ state: 'error', message: 'the key is no reason to guess' })), undefined);
  assert.equal(fixOf(stateOf({})), undefined);
});

test('a correction takes the place of the earlier message', () => {
  const state = stateOf({}, usage(), usage({ id: 'a-2' }), usage({ cost: { nanos: 1, currency: 'USD', source: 'reported' } }));
  assert.deepEqual(state.calls.map((call) => [call.id, call.cost.nanos]), [['a-2', 193_600], ['a-1', 1]]);
});

test('the card shows the last calls, and nothing that a provider says is markup in it', () => {
  const hostile = '[x](command:workbench.action.quit) | <b>';
  const card = cardOf(stateOf({ model: hostile, payer: hostile }, usage({ model: hostile, payer: hostile, outcome: hostile, upstream: hostile, action: hostile })));
  assert.match(card, /\| 412 → 18 \|/);
  const links = [...card.matchAll(/\]\(command:([\w.]+)\)/g)].map((match) => match[1] ?? '');
  assert.ok(links.length > 0);
  for (const link of links) assert.ok((CARD_COMMANDS as readonly string[]).includes(link), link);
  assert.doesNotMatch(card, /<b>/);
});

test('the number of calls that are kept is bounded', () => {
  const state = stateOf({});
  for (let number = 0; number < 1_000; number += 1) state.take('byok/usage', usage({ id: `a-${number}` }));
  assert.equal(state.calls.length, 200);
  assert.equal(state.calls[0]?.id, 'a-999');
});

const CAP: Cap = { name: 'day', per: 'day', at: 'hard', currency: 'USD', cap: 2_000_000_000, spent: 900_000_000, reserved: 0, left: 1_100_000_000, state: 'ok' };

test('the ring is full when a cap is reached, and not before', () => {
  const at = (spent: number, state: Cap['state'] = 'ok') => ring({ ...CAP, spent, left: CAP.cap - spent, state });
  assert.deepEqual([0, 499_999_999, 500_000_000, 1_000_000_000, 1_999_999_999, 2_000_000_000].map((spent) => at(spent)), ['○', '○', '◔', '◑', '◕', '●']);
  assert.equal(at(0, 'degraded'), '●');
});

test('a budget is in the status bar, in words for a screen reader, and in the card', () => {
  const state = stateOf({}, usage());
  state.take('byok/budget', { state: 'ok', caps: [CAP] });
  assert.match(wordsOf(state).text, / today ◔$/);
  assert.match(wordsOf(state).spoken, /Budget day: \$0.90 of \$2.00\./);
  state.take('byok/budget', { state: 'degraded', caps: [{ ...CAP, spent: 2_000_000_000, left: 0, state: 'degraded' }] });
  assert.equal(wordsOf(state).mood, 'warning');
  assert.match(wordsOf(state).spoken, /a cheaper model answers/);
  assert.match(cardOf(state), /a cheaper model answers/);
});
