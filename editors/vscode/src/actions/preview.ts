/**
 * The preview of an action's edit: VS Code's own diff, with Apply and Discard above it. The server makes the edit, and only when told to;
 * this module shows both texts and carries the answer.
 */

import * as vscode from 'vscode';
import type { Preview, PreviewFile } from '../protocol';
import { plain } from '../text/escape';

const SCHEME = 'byok-preview';

/** What the user is told while a preview is shown. */
export const ADVICE = 'look at the change: the check mark above it (Ctrl+Enter, ⌘Enter) applies it, closing it discards it';

/** What answers the server. */
export type Answer = (id: string, accepted: boolean) => Promise<unknown>;

interface Open {
  readonly id: string;
  /** The heading of its tab, by which a tab of several files is known: its input has no public type. */
  readonly label: string;
  readonly texts: Map<string, string>;
  readonly answer: Answer;
}

export class Previews implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly open = new Map<string, Open>();
  private readonly registrations: vscode.Disposable;

  constructor() {
    this.registrations = vscode.Disposable.from(
      vscode.workspace.registerTextDocumentContentProvider(SCHEME, this),
      // Who closes the diff does not want the edit.
      vscode.window.tabGroups.onDidChangeTabs((event) => {
        for (const tab of event.closed) this.closed(tab);
      }));
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.open.get(uri.authority)?.texts.get(uri.toString()) ?? '';
  }

  /** Shows a preview. */
  async show(preview: Preview, answer: Answer): Promise<void> {
    const name = Buffer.from(preview.id).toString('hex');
    const title = `${plain(preview.title, 80)} (preview)`;
    const open: Open = { id: preview.id, label: title, texts: new Map(), answer };
    this.open.set(name, open);
    const pairs = preview.files.map((file) => [side(open, name, file, 'old'), side(open, name, file, 'new'), vscode.Uri.parse(file.uri)] as const);
    const [first] = pairs;
    if (first === undefined) {
      await this.finish(name, true);
      return;
    }
    if (pairs.length === 1) await vscode.commands.executeCommand('vscode.diff', first[0], first[1], title, { preview: false });
    else await vscode.commands.executeCommand('vscode.changes', title, pairs.map(([before, after, file]) => [file, before, after]));
  }

  /** Answers the preview whose diff is in front. */
  async answerActive(accepted: boolean): Promise<void> {
    const name = this.nameOf(vscode.window.tabGroups.activeTabGroup.activeTab) ?? [...this.open.keys()].at(-1);
    if (name !== undefined) await this.finish(name, accepted);
  }

  /** The action is over: what is shown of it goes. */
  ended(id: string): void {
    const name = Buffer.from(id).toString('hex');
    if (!this.open.has(name)) return;
    const tabs = this.tabsOf(name);
    this.open.delete(name);
    void vscode.window.tabGroups.close(tabs, true);
  }

  dispose(): void {
    this.registrations.dispose();
  }

  private closed(tab: vscode.Tab): void {
    const name = this.nameOf(tab);
    if (name !== undefined) void this.finish(name, false);
  }

  private async finish(name: string, accepted: boolean): Promise<void> {
    const open = this.open.get(name);
    if (open === undefined) return;
    const tabs = this.tabsOf(name);
    this.open.delete(name);
    await vscode.window.tabGroups.close(tabs, true);
    await open.answer(open.id, accepted);
  }

  private tabsOf(name: string): vscode.Tab[] {
    return vscode.window.tabGroups.all.flatMap((group) => group.tabs).filter((tab) => this.nameOf(tab) === name);
  }

  /** The preview that a tab shows. */
  private nameOf(tab: vscode.Tab | undefined): string | undefined {
    if (tab?.input instanceof vscode.TabInputTextDiff) return tab.input.modified.scheme === SCHEME ? tab.input.modified.authority : undefined;
    return [...this.open].find(([, open]) => open.label === tab?.label)?.[0];
  }
}

/** Keeps one side's text and returns its address; the file's own name gives it its language. */
function side(open: Open, name: string, file: PreviewFile, which: 'old' | 'new'): vscode.Uri {
  const uri = vscode.Uri.from({ scheme: SCHEME, authority: name, path: vscode.Uri.parse(file.uri).path, query: which });
  open.texts.set(uri.toString(), which === 'old' ? file.oldText : file.newText);
  return uri;
}
