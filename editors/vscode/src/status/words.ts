/** What the status bar says, and what it says to those who do not see it. */

import type { State } from '../state';
import { label, plain } from '../text/escape';
import { sum } from '../text/money';
import { capWords, firstCap, ring, stands } from './budget';
import { fixOf, type Fix } from './fix';

export interface Words {
  readonly text: string;
  readonly spoken: string;
  readonly mood: 'calm' | 'warning' | 'error';
  readonly fix: Fix | undefined;
}

const MENU = 'Opens the menu of BYOK.';

/** Returns the words for a state. */
export function wordsOf(state: State): Words {
  if (state.life === 'missing') {
    return { text: '$(warning) BYOK: not installed', spoken: 'BYOK: the server is not installed. Opens the menu of BYOK.', mood: 'error', fix: fixOf(state) };
  }
  const status = state.status;
  if (state.life !== 'running' || status === undefined) {
    const said = state.life === 'stopped' ? 'stopped' : 'starting';
    return { text: state.life === 'stopped' ? '$(circle-slash) BYOK' : '$(loading~spin) BYOK', spoken: `BYOK: the server is ${said}. ${MENU}`, mood: 'calm', fix: undefined };
  }
  const model = shortName(status.model);
  const today = state.totals === undefined ? undefined : sum(state.totals.day);
  const session = state.totals === undefined ? undefined : sum(state.totals.session);
  const cost = today === undefined ? '' : ` ${session} · ${today} today`;
  const icon = { idle: '$(sparkle)', busy: '$(loading~spin)', paused: '$(debug-pause)', error: '$(warning)' }[status.state] ?? '$(sparkle)';
  const cap = firstCap(state.budget);
  const budget = cap === undefined ? '' : ` ${ring(cap)}`;
  const budgetSpoken = cap === undefined ? '' : ` Budget ${capWords(cap)}${stands(cap) === '' ? '' : `, ${stands(cap)}`}.`;
  const isSpent = cap !== undefined && (cap.state === 'reached' || cap.state === 'degraded');
  const spent = today === undefined ? '' : `, ${session} this session, ${today} today`;
  const spoken = `BYOK: ${SPOKEN[status.state] ?? ''}${plain(status.model)}, paid by ${plain(status.payer)}${spent}.`;
  const mood = status.state === 'error' || isSpent ? 'warning' : 'calm';
  const message = (status.state === 'error' || status.state === 'paused') && status.message !== undefined ? ` ${plain(status.message)}.` : '';
  const fix = fixOf(state);
  return { text: `${icon} ${label(model, 40)}${cost}${budget}`, spoken: `${spoken}${budgetSpoken}${message} ${fix === undefined ? MENU : `${fix.title}.`}`, mood, fix };
}

const SPOKEN: Readonly<Record<string, string>> = { idle: '', busy: 'waiting for ', paused: 'paused, ', error: 'the last call failed, ' };

/** The model without its provider, as far as there is one. */
export function shortName(model: string): string {
  return model === '' ? 'BYOK' : (model.split('/').pop() ?? model) || model;
}
