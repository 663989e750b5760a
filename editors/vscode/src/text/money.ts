/** Amounts as people read them, from whole numbers of 10^-9 of a unit and without floating point. */

import type { Cost, Money, Sum } from '../protocol';

const SYMBOLS: Readonly<Record<string, string>> = { USD: '$', EUR: '€', GBP: '£' };

/** Writes an amount: two decimals, or as many as its first two digits need. */
export function money(amount: Money): string {
  const nanos = BigInt(Math.round(amount.nanos));
  const size = nanos < 0n ? -nanos : nanos;
  let decimals = 2;
  while (size !== 0n && decimals < 9 && size < 10n ** BigInt(10 - decimals)) decimals += 1;
  const step = 10n ** BigInt(9 - decimals);
  const rounded = (size + step / 2n) / step;
  const whole = rounded / 10n ** BigInt(decimals);
  const rest = (rounded % 10n ** BigInt(decimals)).toString().padStart(decimals, '0');
  const sign = nanos < 0n ? '-' : '';
  const symbol = SYMBOLS[amount.currency];
  return symbol === undefined ? `${sign}${whole}.${rest} ${amount.currency}` : `${sign}${symbol}${whole}.${rest}`;
}

/** Writes one call's cost, and how it is known unless the provider's own figures say so. */
export function cost(amount: Cost): string {
  if (amount.source === 'free') return 'free';
  if (amount.nanos === null || amount.source === 'unknown') return 'cost unknown';
  const text = money({ nanos: amount.nanos, currency: amount.currency });
  return amount.source === 'estimated' ? `about ${text}` : text;
}

/** Writes a sum; a plus marks one that lacks calls whose cost is not known. */
export function sum(amount: Sum): string {
  return money(amount) + (amount.unpriced > 0 ? '+' : '');
}
