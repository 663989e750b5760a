/** The usage view: one panel, which asks for a report when its user does, and anew a little after calls while it can be seen. */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { UsageSummary } from '../protocol';
import type { Server } from '../server/server';
import { plain } from '../text/escape';
import { asked, FIRST, usagePage } from './page';

const PAUSE_MS = 5_000;

/** The report's own scripts and style come first: the last script shows, the last style has the editor's colours. */
const SCRIPTS = ['dist/report/chart.js', 'dist/report/charts.js', 'media/usage.js'];
const STYLES = ['dist/report/report.css', 'media/usage.css'];

export class UsagePanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private due: NodeJS.Timeout | undefined;
  private wanted: { since: string; by: string } = FIRST;

  constructor(private readonly server: Server, private readonly folder: vscode.Uri) {}

  /** Opens the view, or brings it to the front. */
  show(): void {
    if (this.panel !== undefined) {
      this.panel.reveal();
      return;
    }
    const at = (path: string) => vscode.Uri.joinPath(this.folder, path);
    const panel = vscode.window.createWebviewPanel('byok.usage', 'BYOK Usage', vscode.ViewColumn.Active, {
      enableScripts: true, localResourceRoots: [at('dist/report'), at('media')], enableFindWidget: true,
    });
    this.panel = panel;
    panel.onDidDispose(() => {
      this.panel = undefined;
    });
    panel.webview.onDidReceiveMessage((message: unknown) => {
      this.wanted = asked(message) ?? this.wanted;
      void this.report();
    });
    const address = (path: string) => panel.webview.asWebviewUri(at(path)).toString();
    panel.webview.html = usagePage({ scripts: SCRIPTS.map(address), styles: STYLES.map(address), nonce: randomBytes(18).toString('base64') });
  }

  /** Something may have changed. */
  touch(): void {
    if (this.panel?.visible !== true) return;
    this.due ??= setTimeout(() => {
      this.due = undefined;
      void this.report();
    }, PAUSE_MS);
  }

  dispose(): void {
    clearTimeout(this.due);
    this.panel?.dispose();
  }

  private async report(): Promise<void> {
    const { since, by } = this.wanted;
    try {
      const { report } = await this.server.request<UsageSummary>('byok/usageSummary', { since, by: [by] });
      void this.panel?.webview.postMessage(report === undefined ? { message: 'This byok-lsp is too old to make reports.' } : { report });
    } catch (error) {
      void this.panel?.webview.postMessage({ message: plain(error instanceof Error ? error.message : String(error)) });
    }
  }
}
