/** What the prompt of a completion was made of, in Markdown: a table first, then every piece as it was sent. */

import type { ContextPart, ExplainContext } from '../protocol';
import { markdown } from '../text/escape';
import { money } from '../text/money';
import { size } from '../text/numbers';

/** Writes the document. */
export function contextText(explained: ExplainContext): string {
  // Few columns: beside the code there is room for hardly more.
  const head = ['# What the model was shown', '', markdown(explained.text, 1_000), '', '| part | from | tokens | share | cost |', '|:--|:--|--:|--:|--:|'];
  const rows = explained.parts.map((part, index) => `| ${index + 1}: ${markdown(part.field)}, ${markdown(part.rule)} | ${place(part)} | ${size(part.tokens)} | ${(part.share / 10).toFixed(1)} % | ${part.cost ? markdown(money(part.cost)) : ''} |`);
  const pieces = explained.parts.flatMap((part, index) => ['', `## ${index + 1}: ${markdown(part.rule)}${part.file === null ? '' : `, ${place(part)}`}`, '', ...fenced(part.text)]);
  return [...head, ...rows, ...pieces, ''].join('\n');
}

function place(part: ContextPart): string {
  if (part.file === null) return '';
  const lines = part.lines === null ? '' : part.lines[0] === part.lines[1] ? `, line ${part.lines[0]}` : `, lines ${part.lines[0]} to ${part.lines[1]}`;
  return markdown(part.file) + lines;
}

/** A code block that no text can end before its end. */
function fenced(text: string): string[] {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map((run) => run[0].length));
  const fence = '`'.repeat(longest + 1);
  return [fence, text, fence];
}
