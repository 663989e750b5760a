/** The card that hovers over the status bar item: model, payer, sums, the last calls. Markdown in which nothing from outside is markup. */

import type { Usage } from '../protocol';
import type { State } from '../state';
import { markdown } from '../text/escape';
import { cost, sum } from '../text/money';
import { count, duration, size } from '../text/numbers';
import { capWords, stands } from './budget';
import { shortName } from './words';

const SHOWN = 6;
const MOST_CAPS = 4;

/** The commands that the card links to; no other may be run from it. */
export const CARD_COMMANDS = ['byokLsp.pickModel', 'byokLsp.setKey', 'byokLsp.pause', 'byokLsp.resume', 'byokLsp.usage', 'byokLsp.showLog'] as const;

/** Writes the card. */
export function cardOf(state: State): string {
  const status = state.status;
  const lines: string[] = [];
  if (status === undefined) {
    lines.push('**BYOK**', '', state.life === 'missing' ? 'The server is not installed.' : 'The server does not run.');
  } else {
    lines.push(`**${markdown(status.model || 'BYOK')}** · ${markdown(status.payer)}`, '');
    if (status.message !== undefined) lines.push(markdown(status.message, 600), '');
    if (status.state === 'paused') lines.push('Paused: only what you ask for is answered.', '');
  }
  if (state.totals !== undefined) {
    const { session, day, month } = state.totals;
    lines.push(`${sum(session)} this session · ${sum(day)} today · ${sum(month)} this month`, '');
    const unpriced = month.unpriced;
    if (unpriced > 0) lines.push(`(At least: the cost of ${count(unpriced, 'call')} is not known.)`, '');
  }
  for (const cap of state.budget?.caps.slice(0, MOST_CAPS) ?? []) {
    lines.push(`Budget ${markdown(capWords(cap))}${stands(cap) === '' ? '' : ` (${stands(cap)})`}`, '');
  }
  const calls = state.calls.slice(0, SHOWN);
  if (calls.length > 0) {
    // Who pays stands in the head already, unless it was not always the same.
    const withPayer = calls.some((call) => call.payer !== (status?.payer ?? ''));
    const heads = ['call', 'model', ...(withPayer ? ['payer'] : []), 'tokens', 'cost', 'time'];
    const marks = heads.map((head) => (['tokens', 'cost', 'time'].includes(head) ? '--:' : ':--'));
    lines.push(`| ${heads.join(' | ')} |`, `|${marks.join('|')}|`, ...calls.map((call) => row(call, withPayer)), '');
  }
  const pause = status?.state === 'paused' ? '[Resume](command:byokLsp.resume)' : '[Pause](command:byokLsp.pause)';
  lines.push(`[Model](command:byokLsp.pickModel) · [Key](command:byokLsp.setKey) · ${pause} · [Usage](command:byokLsp.usage) · [Log](command:byokLsp.showLog)`);
  return lines.join('\n');
}

function row(call: Usage, withPayer: boolean): string {
  const what = call.action ?? call.feature;
  const outcome = call.outcome === 'completed' ? '' : ` (${markdown(call.outcome)})`;
  const { input, cacheRead, cacheWrite, output } = call.tokens;
  const via = call.upstream === null ? '' : ` via ${markdown(call.upstream, 40)}`;
  const cells = [
    `${markdown(what, 40)}${outcome}`,
    `${markdown(shortName(call.model), 50)}${via}`,
    ...(withPayer ? [markdown(call.payer, 60)] : []),
    `${size(input + cacheRead + cacheWrite)} → ${size(output)}`,
    markdown(cost(call.cost)),
    duration(call.latency.totalMs),
  ];
  return `| ${cells.join(' | ')} |`;
}
