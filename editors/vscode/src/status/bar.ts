/** The status bar item. It is drawn at most a few times a second, however many calls there are, and only where something changed. */

import * as vscode from 'vscode';
import type { State } from '../state';
import { CARD_COMMANDS, cardOf } from './card';
import { wordsOf } from './words';

const PAUSE_MS = 150;

export class StatusBar implements vscode.Disposable {
  private readonly item: vscode.StatusBarItem;
  private due: NodeJS.Timeout | undefined;
  private card = '';

  constructor(private readonly state: State) {
    this.item = vscode.window.createStatusBarItem('byok.status', vscode.StatusBarAlignment.Right, 100);
    this.item.name = 'BYOK';
    this.item.command = 'byokLsp.menu';
    this.draw();
    this.item.show();
  }

  /** Something may have changed. */
  touch(): void {
    this.due ??= setTimeout(() => {
      this.due = undefined;
      this.draw();
    }, PAUSE_MS);
  }

  /** What is shown and what is said now, for tests. */
  get shown(): { text: string; spoken: string | undefined } {
    return { text: this.item.text, spoken: this.item.accessibilityInformation?.label };
  }

  dispose(): void {
    clearTimeout(this.due);
    this.item.dispose();
  }

  private draw(): void {
    const words = wordsOf(this.state);
    const card = cardOf(this.state);
    if (card !== this.card) {
      this.card = card;
      const text = new vscode.MarkdownString(card);
      text.isTrusted = { enabledCommands: [...CARD_COMMANDS] };
      this.item.tooltip = text;
    }
    if (words.text === this.item.text && words.spoken === this.item.accessibilityInformation?.label) return;
    this.item.text = words.text;
    this.item.accessibilityInformation = { label: words.spoken, role: 'button' };
    this.item.backgroundColor = words.mood === 'calm' ? undefined : new vscode.ThemeColor(`statusBarItem.${words.mood}Background`);
  }
}
