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

/** What one key could do about a trouble: a command that the server announces. */
export interface ServerFix {
  readonly title: string;
  readonly command: string;
  readonly arguments: readonly unknown[];
}

export interface Status {
  readonly state: 'idle' | 'busy' | 'paused' | 'error';
  readonly model: string;
  readonly payer: string;
  readonly message?: string;
  readonly fix?: ServerFix | null;
}

/** What the user is to be told, which the server says once. */
export interface Advice {
  readonly kind: 'trouble' | 'hint';
  readonly message: string;
  readonly fix?: ServerFix | null;
}

export interface UsageSummary extends Totals {
  readonly accepted: number;
  readonly last: Usage | null;
  /** With parameters: what `byok-lsp usage --json` prints for them. */
  readonly report?: unknown;
}

export interface Model {
  /** `local`, `auto`, `pool/name`, `provider/model`, or `provider/` where the model is still to be named. */
  readonly id: string;
  readonly payer: string;
  readonly hasKey: boolean;
  readonly ability?: 'fill' | 'chat';
  readonly context?: number;
  readonly price?: { readonly input: Money; readonly output: Money };
  /** How fast it was of late, where it was asked. */
  readonly speed?: { readonly firstMs: number; readonly perSecond?: number };
  /** What it is chosen of, where it is a pool. */
  readonly pool?: readonly string[];
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
  readonly uri?: string;
  readonly needsInstruction?: boolean;
  /** What the user is asked, where an instruction is needed. */
  readonly question?: string;
  readonly instruction?: string;
  readonly wantsFileDiagnostics?: boolean;
}

export const ACTION_COMMAND = 'byok.action';

/** What the editor runs when a suggestion was accepted; its argument is the suggestion's call. */
export const ACCEPTED_COMMAND = 'byok.didAccept';

export interface Position {
  readonly line: number;
  readonly character: number;
}

/** The answer to `byok.action`. */
export interface ActionResult {
  readonly outcome: string;
  readonly message?: string;
  readonly renaming?: { readonly uri: string; readonly position: Position; readonly newName: string };
}

export interface PreviewFile {
  readonly uri: string;
  readonly kind: 'edit' | 'create';
  readonly oldText: string;
  readonly newText: string;
}

/** An edit to look at before the server makes it. */
export interface Preview {
  readonly id: string;
  readonly action: string;
  readonly title: string;
  readonly files: readonly PreviewFile[];
}

/** A piece of an explanation; the last one has the whole. */
export interface ActionProgressPiece {
  readonly id: string;
  readonly text: string;
  readonly document?: string;
}

/** One cap. Amounts are in 10^-9 of the currency's unit. */
export interface Cap {
  readonly name: string;
  readonly per: string;
  readonly at: string;
  readonly currency: string;
  readonly cap: number;
  readonly spent: number;
  readonly reserved: number;
  readonly left: number;
  readonly state: CapState;
}

export type CapState = 'ok' | 'warned' | 'asked' | 'reached' | 'degraded';

/** How the caps stand, what calls meet first. */
export interface Budget {
  readonly state: CapState;
  readonly caps: readonly Cap[];
}

export interface ContextPart {
  readonly field: string;
  readonly rule: string;
  readonly file: string | null;
  readonly lines: readonly [number, number] | null;
  readonly bytes: number;
  readonly tokens: number;
  /** In thousandths of the prompt. */
  readonly share: number;
  /** Null as long as it is not known; older servers do not say. */
  readonly cost?: Money | null;
  readonly text: string;
}

/** A model that a call might go to. */
export interface RouteCandidate {
  readonly model: string;
  readonly isKept: boolean;
  /** What kept it or dropped it. */
  readonly rule: string;
}

/** Where a call would go now, and why. */
export interface ExplainRoute {
  readonly feature: string;
  readonly model: string;
  readonly payer: string;
  readonly reason: string;
  readonly host: string | null;
  readonly leavesTheMachine: boolean;
  readonly key: string | null;
  readonly expected: string;
  readonly atMost: string;
  readonly candidates: readonly RouteCandidate[];
}

/** What the prompt of a completion was made of. */
export interface ExplainContext {
  readonly id: string;
  readonly tokens: number;
  readonly parts: readonly ContextPart[];
  readonly text: string;
}
