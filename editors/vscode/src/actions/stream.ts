/** An explanation while it comes: a document that grows, shown as Markdown, and drawn at most five times a second. */

import * as vscode from 'vscode';
import type { ActionProgressPiece } from '../protocol';
import type { Documents } from '../views/documents';

const PAUSE_MS = 200;
const MOST_CHARS = 500_000;
const NAME = 'BYOK Explanation.md';

export class Streams implements vscode.Disposable {
  private id: string | undefined;
  private text = '';
  private due: NodeJS.Timeout | undefined;

  constructor(private readonly documents: Documents) {}

  /** Takes a piece; the first one of an action opens the document. */
  async take(piece: ActionProgressPiece): Promise<void> {
    if (piece.document !== undefined) {
      this.text = piece.document;
      clearTimeout(this.due);
      this.due = undefined;
    } else if (this.text.length < MOST_CHARS) {
      this.text = piece.id === this.id ? this.text + piece.text : piece.text;
    }
    if (piece.id !== this.id) {
      this.id = piece.id;
      await this.documents.preview(NAME, this.text);
    } else if (piece.document !== undefined) {
      this.documents.update(NAME, this.text);
    } else {
      this.due ??= setTimeout(() => {
        this.due = undefined;
        this.documents.update(NAME, this.text);
      }, PAUSE_MS);
    }
  }

  dispose(): void {
    clearTimeout(this.due);
  }
}
