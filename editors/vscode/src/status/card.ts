/** The card that hovers over the status bar item: model, payer, sums, the last calls. Markdown in which nothing from outside is markup. */

import type { Usage } from '../protocol';
import type { State } from '../state';
import { markdown } from '../text/escape';
import { cost, sum } from '../text/money';
import { count, duration, size } from '../text/numbers';
import { shortName } from './words';

const SHOWN = 6;

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
    if (status.state === 'error' && status.message !== undefined) lines.push(markdown(status.message, 600), '');
    if (status.state === 'paused') lines.push('Paused: only what you ask for is answered.', '');
  }
  if (state.totals !== undefined) {
    const { session, day, month } = state.totals;
    lines.push(`${sum(session)} this session · ${sum(day)} today · ${sum(month)} this month`, '');
    const unpriced = month.unpriced;
    if (unpriced > 0) lines.push(`(At least: the cost of ${count(unpriced, 'call')} is not known.)`, '');
  }
  if (state.calls.length > 0) {
    lines.push('| call | model | payer | tokens | cost | time |', '|:--|:--|:--|--:|--:|--:|', ...state.calls.slice(0, SHOWN).map(row), '');
  }
  const pause = status?.state === 'paused' ? '[Resume](command:byokLsp.resume)' : '[Pause](command:byokLsp.pause)';
  lines.push(`[Model](command:byokLsp.pickModel) · [Key](command:byokLsp.setKey) · ${pause} · [Usage](command:byokLsp.usage) · [Log](command:byokLsp.showLog)`);
  return lines.join('\n');
}

function row(call: Usage): string {
  const what = call.action ?? call.feature;
  const outcome = call.outcome === 'completed' ? '' : ` (${markdown(call.outcome)})`;
  const { input, cacheRead, cacheWrite, output } = call.tokens;
  const via = call.upstream === null ? '' : ` via ${markdown(call.upstream, 40)}`;
  const cells = [
    `${markdown(what, 40)}${outcome}`,
    `${markdown(shortName(call.model), 50)}${via}`,
    markdown(call.payer, 60),
    `${size(input + cacheRead + cacheWrite)} → ${size(output)}`,
    markdown(cost(call.cost)),
    duration(call.latency.totalMs),
  ];
  return `| ${cells.join(' | ')} |`;
}
