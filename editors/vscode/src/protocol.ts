/** The `byok/*` messages, as docs/protocol.md has them; a field that is not listed here is not read. */

export interface Money {
  /** 10^-9 of the currency's unit. */
  readonly nanos: number;
  readonly currency: string;
}

export interface Cost {
  /** Null where the cost is not known. */
  readonly nanos: number | null;
  readonly currency: string;
  readonly source: 'reported' | 'priced' | 'estimated' | 'free' | 'unknown';
}

export interface Sum extends Money {
  readonly calls: number;
  /** How many of the calls have no known cost and so are not in the sum. */
  readonly unpriced: number;
}

export interface Totals {
  readonly session: Sum;
  readonly day: Sum;
  readonly month: Sum;
}

export interface Usage {
  readonly id: string;
  readonly feature: string;
  readonly action: string | null;
  readonly provider: string;
  readonly model: string;
  readonly upstream: string | null;
  readonly payer: string;
  readonly outcome: string;
  readonly tokens: { readonly input: number; readonly cacheRead: number; readonly cacheWrite: number; readonly output: number };
  readonly cost: Cost;
  readonly latency: { readonly firstTokenMs: number | null; readonly totalMs: number };
  readonly totals: Totals;
}

export interface Status {
  readonly state: 'idle' | 'busy' | 'paused' | 'error';
  readonly model: string;
  readonly payer: string;
  readonly message?: string;
}

export interface UsageSummary extends Totals {
  readonly accepted: number;
  readonly last: Usage | null;
}

export interface Model {
  /** `local`, `auto`, `provider/model`, or `provider/` where the model is still to be named. */
  readonly id: string;
  readonly payer: string;
  readonly hasKey: boolean;
  readonly ability?: 'fill' | 'chat';
  readonly context?: number;
  readonly price?: { readonly input: Money; readonly output: Money };
}

export interface ModelList {
  readonly provider: string;
  readonly refreshing: boolean;
  readonly message?: string;
}

export interface Models {
  readonly current: string;
  readonly models: readonly Model[];
  readonly lists: readonly ModelList[];
}

/** The argument of the server's command `byok.action`, as far as this extension reads it. */
export interface ActionArgument {
  readonly action: string;
  readonly needsInstruction?: boolean;
  readonly instruction?: string;
}

export const ACTION_COMMAND = 'byok.action';
