/** What the server says, for tests. */

import type { Usage } from '../../src/protocol';

const zero = { nanos: 0, currency: 'USD', calls: 0, unpriced: 0 };

export function usage(change: Partial<Usage> = {}): Usage {
  return {
    id: 'a-1', feature: 'completion', action: null, provider: 'openai', model: 'gpt-4.1-mini', upstream: null, payer: 'you: your own key',
    outcome: 'completed', tokens: { input: 400, cacheRead: 12, cacheWrite: 0, output: 18 }, cost: { nanos: 193_600, currency: 'USD', source: 'priced' },
    latency: { firstTokenMs: 210, totalMs: 340 },
    totals: { session: { ...zero, nanos: 193_600 }, day: { ...zero, nanos: 5_193_600 }, month: { ...zero, nanos: 90_193_600 } },
    ...change,
  };
}
