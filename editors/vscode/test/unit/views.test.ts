import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choices, remember } from '../../src/actions/history';
import { pageOf as signInPage } from '../../src/keys/page';
import { providersOf } from '../../src/keys/providers';
import { describe, missing } from '../../src/models/describe';
import type { Model } from '../../src/protocol';
import { asked, usagePage } from '../../src/usage/page';
import { contextText } from '../../src/views/contextText';
import { routeText } from '../../src/views/routeText';

const mini: Model = {
  id: 'openai/gpt-4.1-mini', payer: 'you: your own key', hasKey: false, ability: 'chat', context: 1_047_576,
  price: { input: { nanos: 400_000_000, currency: 'USD' }, output: { nanos: 1_600_000_000, currency: 'USD' } },
};

test('a model reads with price, payer, context and whether its key is there', () => {
  assert.deepEqual(describe(mini, 'local'), {
    label: 'openai/gpt-4.1-mini',
    description: '$0.40 in, $1.60 out a million',
    detail: 'paid by you: your own key · chats · 1M of context · its key is missing',
  });
  const measured = { ...mini, hasKey: true, speed: { firstMs: 212, perSecond: 95 } };
  assert.equal(describe(measured, 'local').detail, 'paid by you: your own key · chats · 1M of context · 212 ms to the first word, 95 tokens/s');
  const pool: Model = { id: 'pool/quick', payer: 'nobody: from the free pool', hasKey: true, pool: ['a/b', 'c/d'], speed: { firstMs: 80 } };
  assert.equal(describe(pool, 'local').detail, 'paid by nobody: from the free pool · 80 ms to the first word · one of a/b, c/d');
  assert.match(describe(mini, mini.id).label, /^\$\(check\) /);
  assert.equal(missing([{ provider: 'openai', refreshing: true }, { provider: 'xai', refreshing: false }]), ' (asking openai; open it again for more)');
});

test('keys can be stored for every provider in the list, those without one first', () => {
  const model = (id: string, hasKey: boolean): Model => ({ id, payer: '', hasKey });
  const pool = { ...model('pool/quick', true), pool: ['openai/a'] };
  const list = [model('local', true), model('auto', true), pool, model('openai/a', true), model('openai/b', true), model('anthropic/', false)];
  assert.deepEqual(providersOf({ current: 'local', models: list, lists: [] }), [{ name: 'anthropic', hasKey: false }, { name: 'openai', hasKey: true }]);
});

test('earlier instructions are offered below what is typed, without doubles', () => {
  assert.deepEqual(choices(['use an iterator', 'add a test'], 'iter'), ['iter', 'use an iterator']);
  assert.deepEqual(choices(['use an iterator', 'add a test'], ''), ['use an iterator', 'add a test']);
  assert.deepEqual(remember(['a', 'b'], 'b'), ['b', 'a']);
  assert.equal(remember(Array.from({ length: 30 }, (_, i) => String(i)), 'x').length, 20);
});

test('the page to sign in at is known when its line is whole', () => {
  assert.equal(signInPage('sign in on this page, within 300 s:\nhttps://openrouter.ai/auth?cal'), undefined);
  assert.equal(signInPage('sign in on this page, within 300 s:\nhttps://openrouter.ai/auth?callback=x\n'), 'https://openrouter.ai/auth?callback=x');
});

test('the usage page lets nothing in but its own scripts and styles', () => {
  const page = usagePage({ scripts: ['https://r/"><script>x'], styles: ['https://r/s.css'], nonce: 'abc' });
  assert.match(page, /default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'; base-uri 'none'; form-action 'none'/);
  assert.doesNotMatch(page, /<script>|style="|onerror|unsafe-inline/);
  assert.equal(page.match(/<label>/g)?.length, page.match(/<select /g)?.length);
});

test('the usage page may ask for what it offers, and for nothing else', () => {
  assert.deepEqual(asked({ since: '7d', by: 'language' }), { since: '7d', by: 'language' });
  for (const message of [null, 'x', {}, { since: '7d' }, { since: '../..', by: 'model' }, { since: '7d', by: ['model'] }]) assert.equal(asked(message), undefined);
});

test('what a prompt was made of reads in pieces, and no piece breaks out of its block', () => {
  const part = { field: 'prefix', rule: 'window', file: 'a|b.rs', lines: [3, 9] as const, bytes: 9, tokens: 4, share: 125, cost: { nanos: 12_340, currency: 'USD' }, text: '````\n# no heading' };
  const text = contextText({ id: 'x', tokens: 4, parts: [part], text: '4 tokens' });
  assert.match(text, /\| 12\.5 % \| &#36;0&#46;000012 \|/);
  assert.match(contextText({ id: 'x', tokens: 4, parts: [{ ...part, cost: null }], text: '' }), /\| 12\.5 % \|  \|/);
  assert.match(text, /\n`````\n````\n# no heading\n`````\n/);
  assert.match(text, /lines 3 to 9/);
});

test('a route reads with payer, key, host, price and what was thought of, and no name can leave its cell', () => {
  const text = routeText([{
    feature: 'completion', model: 'openai/m', payer: 'you: your own key', reason: 'the settings name it', host: 'api.openai.com', leavesTheMachine: true,
    key: 'the stored key', expected: '$0.002', atMost: '$0.01', candidates: [{ model: 'openai/m', isKept: true, rule: 'the settings name it' }, { model: 'x|y', isKept: false, rule: 'a\nb' }],
  }]);
  for (const part of ['## Ghost text: openai&#47;m', 'Payer: you&#58; your own key', 'Key: the stored key', 'Expected: ', 'At most: ', '| asked |', '| dropped |']) assert.ok(text.includes(part), `${part} in ${text}`);
  const row = text.split('\n').find((line) => line.includes('dropped'));
  assert.ok(row !== undefined && row.split(/(?<!\\)\|/).length === 5, row);
});
