import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Shown } from '../../src/ghost/shown';

const of = (id: unknown) => ({ command: { arguments: [id] } });

test('what is dismissed is told once, with all that was to be chosen from', () => {
  const shown = new Shown();
  shown.answered('file:///a', 3, [of('one'), of('two')]);
  assert.deepEqual(shown.dismissed('file:///a', 3), ['one', 'two']);
  assert.deepEqual(shown.dismissed('file:///a', 3), []);
});

test('what is not on the screen is not dismissed: elsewhere, answered empty, accepted', () => {
  const shown = new Shown();
  shown.answered('file:///a', 3, [of('one')]);
  assert.deepEqual(shown.dismissed('file:///b', 3), []);
  assert.deepEqual(shown.dismissed('file:///a', 4), []);
  shown.answered('file:///a', 3, []);
  assert.deepEqual(shown.dismissed('file:///a', 3), []);
  shown.answered('file:///a', 3, [of('two')]);
  shown.accepted();
  assert.deepEqual(shown.dismissed('file:///a', 3), []);
});

test('a suggestion without a call is nobody\'s to tell', () => {
  const shown = new Shown();
  shown.answered('file:///a', 3, [{}, of(7), { command: {} }]);
  assert.deepEqual(shown.dismissed('file:///a', 3), []);
});
