/** Which suggestion of ours may be on the screen, so that the server can be told when the user dismisses it. */

import type { Position } from '../protocol';

/** A suggestion, as far as it is read here: its command tells the server of its call. */
export interface Suggestion {
  readonly insertText: string | { readonly value: string };
  readonly command?: { readonly arguments?: readonly unknown[] };
}

interface Last {
  readonly uri: string;
  /** Where the suggestions begin: at the cursor, as it was then. */
  readonly from: Position;
  readonly suggestions: readonly { readonly id: string; readonly text: string }[];
}

export class Shown {
  private last: Last | undefined;

  /** Notes what the server suggests at a place in a document; nothing takes the last suggestion off the screen. */
  answered(uri: string, from: Position, answer: readonly Suggestion[]): void {
    const suggestions = answer.flatMap(({ insertText, command }) => {
      const id = command?.arguments?.[0];
      return typeof id === 'string' ? [{ id, text: typeof insertText === 'string' ? insertText : insertText.value }] : [];
    });
    this.last = suggestions.length === 0 ? undefined : { uri, from, suggestions };
  }

  /** Notes that the suggestion was accepted: whatever is on the screen from now on is another one. */
  accepted(): void {
    this.last = undefined;
  }

  /**
   * Returns the calls of what is on the screen, all that were to be chosen from; none where that is another extension's. Each is told once.
   *
   * The last answer may be older than the last keys: what was typed against since has left the screen, and something else may have taken its place.
   * `typedSince` is the text from a place to the cursor, undefined if the cursor stands before it.
   */
  dismissed(uri: string, typedSince: (from: Position) => string | undefined): readonly string[] {
    const last = this.last;
    const typed = last?.uri === uri ? typedSince(last.from) : undefined;
    if (last === undefined || typed === undefined) return [];
    this.last = undefined;
    return last.suggestions.filter(({ text }) => isLeftOf(text, typed)).map(({ id }) => id);
  }
}

/** Whether something is left of a suggestion behind what was typed. */
function isLeftOf(text: string, typed: string): boolean {
  const [whole, start] = [text, typed].map((one) => one.replaceAll('\r\n', '\n')) as [string, string];
  return whole.startsWith(start) && whole !== start;
}
