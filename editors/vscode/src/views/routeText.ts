/** Where calls would go, in Markdown: for each feature what is asked, and what was thought of. */

import type { ExplainRoute } from '../protocol';
import { markdown } from '../text/escape';

const FEATURES: Readonly<Record<string, string>> = { completion: 'Ghost text', action: 'Code actions' };

/** Writes the document. */
export function routeText(explained: readonly ExplainRoute[]): string {
  return ['# Which model, and why', '', ...explained.flatMap(feature), ''].join('\n');
}

function feature(route: ExplainRoute): string[] {
  const word = (text: string | null, otherwise: string) => markdown(text ?? otherwise, 300);
  const candidates = route.candidates.map((one) => {
    const what = one.model === route.model ? 'asked' : one.isKept ? 'kept' : 'dropped';
    return `| ${markdown(one.model)} | ${what} | ${markdown(one.rule, 300)} |`;
  });
  return [
    `## ${FEATURES[route.feature] ?? markdown(route.feature)}: ${markdown(route.model)}`, '',
    `- Why: ${word(route.reason, '')}`,
    `- Payer: ${word(route.payer, '')}`,
    `- Key: ${word(route.key, 'none is sent')}`,
    `- Host: ${word(route.host, 'none, it runs in the server itself')}${route.leavesTheMachine ? '' : '; nothing leaves this machine'}`,
    `- Expected: ${word(route.expected, '')}`,
    `- At most: ${word(route.atMost, '')}`, '',
    '| thought of | | why |', '|:--|:--|:--|', ...candidates, '',
  ];
}
