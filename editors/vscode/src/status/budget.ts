/** How the caps stand, in words and in a ring. */

import type { Budget, Cap } from '../protocol';
import { plain } from '../text/escape';
import { money } from '../text/money';

const RING = ['○', '◔', '◑', '◕', '●'] as const;

/** The cap that calls meet first, if there is one. */
export function firstCap(budget: Budget | undefined): Cap | undefined {
  return budget?.caps[0];
}

/** A ring that fills as a cap is used up. Full means reached, and nothing less does. */
export function ring(cap: Cap): string {
  const used = cap.spent + cap.reserved;
  if (cap.left <= 0 || used >= cap.cap || cap.state === 'reached' || cap.state === 'degraded') return RING[4];
  const quarters = Math.floor((4 * Math.max(0, used)) / cap.cap);
  return RING[Math.min(3, quarters)] ?? RING[0];
}

/** A cap in words: "day: $0.90 of $2.00". */
export function capWords(cap: Cap): string {
  const amount = (nanos: number) => money({ nanos, currency: cap.currency });
  return `${plain(cap.name, 60)}: ${amount(cap.spent)} of ${amount(cap.cap)}`;
}

const STANDS: Readonly<Record<Cap['state'], string>> = {
  ok: '', warned: 'passed; it only warns', asked: 'reached; you are asked before a further call', reached: 'reached; calls are refused', degraded: 'reached; a cheaper model answers',
};

/** What follows of how a cap stands; empty while there is room. */
export function stands(cap: Cap): string {
  return STANDS[cap.state] ?? '';
}
