/** Which suggestion of ours may be on the screen, so that the server can be told when the user dismisses it. */

/** A suggestion, as far as it is read here: its command tells the server of its call. */
export interface Suggestion {
  readonly command?: { readonly arguments?: readonly unknown[] };
}

interface Last {
  readonly uri: string;
  readonly line: number;
  readonly ids: readonly string[];
}

export class Shown {
  private last: Last | undefined;

  /** Notes what the server suggests at a line of a document; nothing takes the last suggestion off the screen. */
  answered(uri: string, line: number, suggestions: readonly Suggestion[]): void {
    const ids = suggestions.map((one) => one.command?.arguments?.[0]).filter((id): id is string => typeof id === 'string');
    this.last = ids.length === 0 ? undefined : { uri, line, ids };
  }

  /** Notes that the suggestion was accepted: whatever is on the screen from now on is another one. */
  accepted(): void {
    this.last = undefined;
  }

  /** Returns the calls of what is on the screen at a line, all that were to be chosen from; none where that is another extension's. Each is told once. */
  dismissed(uri: string, line: number): readonly string[] {
    const last = this.last;
    if (last === undefined || last.uri !== uri || last.line !== line) return [];
    this.last = undefined;
    return last.ids;
  }
}
