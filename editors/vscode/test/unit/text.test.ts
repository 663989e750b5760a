import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html, label, markdown, plain } from '../../src/text/escape';
import { cost, money, sum } from '../../src/text/money';
import { duration, size } from '../../src/text/numbers';

test('an amount has two decimals, or as many as its first two digits need', () => {
  const cases: [number, string][] = [
    [0, '$0.00'], [1_500_000_000, '$1.50'], [12_345_678_901, '$12.35'], [193_600, '$0.00019'], [3_200_000, '$0.0032'],
    [99_999_999, '$0.100'], [100_000_000, '$0.10'], [1, '$0.000000001'], [-2_500_000_000, '-$2.50'], [999_999_999_999, '$1000.00'],
  ];
  for (const [nanos, expected] of cases) assert.equal(money({ nanos, currency: 'USD' }), expected);
  assert.equal(money({ nanos: 2_000_000_000, currency: 'CHF' }), '2.00 CHF');
});

test('a cost that is not known is called unknown, and an estimate says that it is one', () => {
  assert.equal(cost({ nanos: null, currency: 'USD', source: 'unknown' }), 'cost unknown');
  assert.equal(cost({ nanos: 0, currency: 'USD', source: 'unknown' }), 'cost unknown');
  assert.equal(cost({ nanos: 3_200_000, currency: 'USD', source: 'estimated' }), 'about $0.0032');
  assert.equal(cost({ nanos: 0, currency: 'USD', source: 'free' }), 'free');
});

test('a sum that lacks calls of unknown cost has a plus', () => {
  assert.equal(sum({ nanos: 10_000_000, currency: 'USD', calls: 3, unpriced: 1 }), '$0.010+');
  assert.equal(sum({ nanos: 10_000_000, currency: 'USD', calls: 3, unpriced: 0 }), '$0.010');
});

test('tokens and times are short', () => {
  assert.deepEqual([950, 1_000, 128_000, 1_047_576, 2_000_000].map(size), ['950', '1k', '128k', '1M', '2M']);
  assert.deepEqual([340, 999, 2_100].map(duration), ['340 ms', '999 ms', '2.1 s']);
});

test('nothing that a provider says becomes a link, a command, an icon or a row of a table', () => {
  for (const hostile of ['[x](command:evil)', '<img src=x onerror=y>', '$(warning)', 'a|b', '`code`', '**bold**', '&#91;x&#93;(y)', 'http://evil.example']) {
    assert.doesNotMatch(markdown(hostile).replace(/&#\d+;/g, ''), /[[\]()<>|`*$&:#]/, hostile);
  }
  assert.equal(html('<a href="x">&\'</a>'), '&#60;a href=&#34;x&#34;&#62;&#38;&#39;&#60;/a&#62;');
  assert.equal(label('$(alert) model'), '$ (alert) model');
});

test('text of others is one line of a bounded length, without marks that nobody sees', () => {
  assert.equal(plain('a\nb\u202ec\u0000d'), 'a b c d');
  assert.equal(plain('x'.repeat(500)).length, 300);
});
