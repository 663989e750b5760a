/** The page of the usage view. It holds no script and loads nothing; its colours are the editor's own. */

import type { Sum, Usage, UsageSummary } from '../protocol';
import { html, plain } from '../text/escape';
import { cost, sum } from '../text/money';
import { duration, size } from '../text/numbers';

/** Writes the page. The nonce is what its one style sheet is let in by. */
export function pageOf(summary: UsageSummary, calls: readonly Usage[], nonce: string): string {
  const spans: readonly [string, Sum][] = [['This session', summary.session], ['Today', summary.day], ['This month', summary.month]];
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'">
<title>BYOK Usage</title>
<style nonce="${nonce}">${STYLE}</style>
</head>
<body>
<main>
<h1>Usage and cost</h1>
<section aria-label="Sums"><ul class="sums">
${spans.map(([name, amount]) => `<li><h2>${name}</h2><p class="amount">${html(sum(amount))}</p><p>${amount.calls} calls${unpriced(amount)}</p></li>`).join('\n')}
<li><h2>Accepted</h2><p class="amount">${summary.accepted}</p><p>suggestions in this session</p></li>
</ul></section>
${byModel(calls)}
${lastCalls(calls)}
<p class="note">A plus marks a sum that lacks calls whose cost is not known. Every call, also a cancelled one, is in the ledger on this machine.</p>
</main>
</body>
</html>`;
}

function unpriced(amount: Sum): string {
  return amount.unpriced > 0 ? `, ${amount.unpriced} of unknown cost` : '';
}

interface Row {
  calls: number;
  nanos: number;
  unknown: number;
  currency: string;
  payer: string;
}

function byModel(calls: readonly Usage[]): string {
  const rows = new Map<string, Row>();
  for (const call of calls) {
    const name = `${call.provider}/${call.model}`;
    const row = rows.get(name) ?? { calls: 0, nanos: 0, unknown: 0, currency: call.cost.currency, payer: call.payer };
    row.calls += 1;
    if (call.cost.nanos === null) row.unknown += 1;
    else row.nanos += call.cost.nanos;
    rows.set(name, row);
  }
  if (rows.size === 0) return '<p>No calls in this window yet.</p>';
  const body = [...rows].map(([name, row]) => {
    const amount = sum({ nanos: row.nanos, currency: row.currency, calls: row.calls, unpriced: row.unknown });
    return `<tr><th scope="row">${html(plain(name))}</th><td>${html(plain(row.payer))}</td><td class="n">${row.calls}</td><td class="n">${html(amount)}</td></tr>`;
  });
  return table('By model, in this window', ['Model', 'Payer', 'Calls', 'Cost'], body);
}

function lastCalls(calls: readonly Usage[]): string {
  if (calls.length === 0) return '';
  const body = calls.slice(0, 50).map((call) => {
    const { input, cacheRead, cacheWrite, output } = call.tokens;
    return `<tr><td>${html(plain(call.action ?? call.feature))}</td><th scope="row">${html(plain(`${call.provider}/${call.model}`))}</th>`
      + `<td>${html(plain(call.outcome))}</td><td class="n">${size(input + cacheRead + cacheWrite)}</td><td class="n">${size(output)}</td>`
      + `<td class="n">${html(cost(call.cost))}</td><td class="n">${duration(call.latency.totalMs)}</td></tr>`;
  });
  return table('Last calls', ['Call', 'Model', 'Outcome', 'Tokens in', 'Tokens out', 'Cost', 'Time'], body);
}

function table(caption: string, heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((name) => `<th scope="col">${name}</th>`).join('');
  return `<div class="scroll" role="region" aria-label="${caption}" tabindex="0"><table><caption>${caption}</caption><thead><tr>${head}</tr></thead><tbody>${rows.join('\n')}</tbody></table></div>`;
}

const STYLE = `
body { color: var(--vscode-foreground); font-family: var(--vscode-font-family); font-size: var(--vscode-font-size); padding: 0 1.5em 2em; }
h1 { font-weight: 400; font-size: 1.8em; }
h2 { font-weight: 400; font-size: 1em; margin: 0; color: var(--vscode-descriptionForeground); }
.sums { display: flex; flex-wrap: wrap; gap: 1em; list-style: none; padding: 0; }
.sums li { border: 1px solid var(--vscode-panel-border, currentColor); border-radius: 6px; padding: .8em 1.2em; min-width: 9em; }
.sums p { margin: .2em 0 0; }
.amount { font-size: 1.7em; }
table { border-collapse: collapse; margin-top: 1.5em; }
caption { text-align: left; font-size: 1.2em; padding-bottom: .4em; }
th, td { text-align: left; font-weight: 400; padding: .25em 1em .25em 0; border-bottom: 1px solid var(--vscode-panel-border, currentColor); white-space: nowrap; }
thead th { color: var(--vscode-descriptionForeground); }
.n { text-align: right; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; }
.scroll:focus-visible { outline: 1px solid var(--vscode-focusBorder); }
.note { color: var(--vscode-descriptionForeground); margin-top: 2em; }
`;
