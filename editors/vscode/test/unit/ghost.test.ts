import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shown } from '../../src/ghost/shown';

const at = { line: 3, character: 8 };
const of = (id: unknown, insertText: string | { value: string } = 'total();') => ({ insertText, command: { arguments: [id] } });

function shown(...suggestions: object[]): Shown {
  const made = new Shown();
  made.answered('file:///a', at, suggestions as Parameters<Shown['answered']>[2]);
  return made;
}

test('what is dismissed is told once, with all that was to be chosen from', () => {
  const both = shown(of('one'), of('two', { value: 'sum();' }));
  assert.deepEqual(both.dismissed('file:///a', () => ''), ['one', 'two']);
  assert.deepEqual(both.dismissed('file:///a', () => ''), []);
});

test('what was typed since the answer is asked for from where the answer was for', () => {
  const asked: unknown[] = [];
  shown(of('one')).dismissed('file:///a', (from) => void asked.push(from));
  assert.deepEqual(asked, [at]);
});

test('what is typed along with is on the screen still, line ends however the document has them; what is typed against is not', () => {
  const typed = (text: string | undefined) => shown(of('one', 'total(\n    first);'), of('two', 'tail')).dismissed('file:///a', () => text);
  assert.deepEqual(typed('t'), ['one', 'two']);
  assert.deepEqual(typed('tot'), ['one']);
  assert.deepEqual(typed('total(\r\n  '), ['one']);
  assert.deepEqual(typed('x'), []);
  assert.deepEqual(typed('tail'), [], 'nothing is left of it');
  assert.deepEqual(typed(undefined), [], 'the cursor stands before it');
});

test('what is not on the screen is not dismissed: elsewhere, answered empty, accepted', () => {
  assert.deepEqual(shown(of('one')).dismissed('file:///b', () => ''), []);
  const none = shown(of('one'));
  none.answered('file:///a', at, []);
  assert.deepEqual(none.dismissed('file:///a', () => ''), []);
  const accepted = shown(of('one'));
  accepted.accepted();
  assert.deepEqual(accepted.dismissed('file:///a', () => ''), []);
});

test('a suggestion without a call is nobody\'s to tell', () => {
  assert.deepEqual(shown({ insertText: 'x' }, of(7), { insertText: 'x', command: {} }).dismissed('file:///a', () => ''), []);
});
