/** Counts and times as people read them. */

/** Writes a number of tokens: 950, 128k, 1M. */
export function size(tokens: number): string {
  if (tokens < 1000) return String(tokens);
  if (tokens < 950_000) return `${Math.round(tokens / 1000)}k`;
  return `${(tokens / 1_000_000).toFixed(1).replace(/\.0$/, '')}M`;
}

/** Writes a duration: 340 ms, 2.1 s. */
export function duration(milliseconds: number): string {
  return milliseconds < 1000 ? `${Math.round(milliseconds)} ms` : `${(milliseconds / 1000).toFixed(1)} s`;
}

/** Writes a count with its noun. */
export function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
