/** The usage view: one panel, drawn anew when a call is settled while it can be seen. */

import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type { UsageSummary } from '../protocol';
import type { Server } from '../server/server';
import type { State } from '../state';
import { pageOf } from './page';

const PAUSE_MS = 1_000;

export class UsagePanel implements vscode.Disposable {
  private panel: vscode.WebviewPanel | undefined;
  private due: NodeJS.Timeout | undefined;

  constructor(private readonly server: Server, private readonly state: State) {}

  /** Opens the view, or brings it to the front. */
  async show(): Promise<void> {
    if (this.panel === undefined) {
      this.panel = vscode.window.createWebviewPanel('byok.usage', 'BYOK Usage', vscode.ViewColumn.Active, { enableScripts: false, localResourceRoots: [] });
      this.panel.onDidDispose(() => {
        this.panel = undefined;
      });
    }
    this.panel.reveal();
    await this.draw();
  }

  /** Something may have changed. */
  touch(): void {
    if (this.panel?.visible !== true) return;
    this.due ??= setTimeout(() => {
      this.due = undefined;
      void this.draw().catch(() => {});
    }, PAUSE_MS);
  }

  dispose(): void {
    clearTimeout(this.due);
    this.panel?.dispose();
  }

  private async draw(): Promise<void> {
    const summary = await this.server.request<UsageSummary>('byok/usageSummary');
    if (this.panel !== undefined) this.panel.webview.html = pageOf(summary, this.state.calls, randomBytes(18).toString('base64'));
  }
}
