/** Reports as documents to read: nothing to save, nothing to lose. */

import * as vscode from 'vscode';

const SCHEME = 'byok-report';

export class Documents implements vscode.TextDocumentContentProvider, vscode.Disposable {
  private readonly texts = new Map<string, string>();
  private readonly changed = new vscode.EventEmitter<vscode.Uri>();
  private readonly registration: vscode.Disposable;
  readonly onDidChange = this.changed.event;

  constructor() {
    this.registration = vscode.workspace.registerTextDocumentContentProvider(SCHEME, this);
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.texts.get(uri.path) ?? '';
  }

  /** Shows a text under a name; one of the same name is replaced. */
  async show(name: string, text: string): Promise<void> {
    const document = await vscode.workspace.openTextDocument(this.update(name, text));
    await vscode.window.showTextDocument(document, { preview: true });
  }

  /** Shows Markdown as it is meant to be read. */
  async preview(name: string, text: string): Promise<void> {
    await vscode.commands.executeCommand('markdown.showPreviewToSide', this.update(name, text));
  }

  /** Replaces a text, wherever it is shown. */
  update(name: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme: SCHEME, path: `/${name}` });
    this.texts.set(uri.path, text);
    this.changed.fire(uri);
    return uri;
  }

  dispose(): void {
    this.registration.dispose();
    this.changed.dispose();
  }
}
