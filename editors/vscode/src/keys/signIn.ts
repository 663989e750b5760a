/** Signing in at OpenRouter: byok-lsp waits for the browser to come back, and stores the key that it gets. */

import * as vscode from 'vscode';
import { runChild } from '../server/child';
import type { Server } from '../server/server';
import { plain } from '../text/escape';
import { pageOf } from './page';

/** The user has five minutes, by the program's own clock. */
const LIMIT_MS = 6 * 60_000;

/** Opens the page and waits for the key, until it is there or the user cancels. */
export async function signIn(server: Server): Promise<void> {
  const program = server.program;
  if (program === undefined) throw new Error('byok-lsp is not installed');
  const options = { location: vscode.ProgressLocation.Notification, cancellable: true, title: 'BYOK: sign in at OpenRouter in your browser' };
  await vscode.window.withProgress(options, async (_, cancelled) => {
    const abort = new AbortController();
    cancelled.onCancellationRequested(() => abort.abort());
    let heard = '';
    let opened = false;
    const onStderr = (text: string) => {
      heard += text;
      const page = opened ? undefined : pageOf(heard);
      if (page === undefined) return;
      opened = true;
      void vscode.env.openExternal(vscode.Uri.parse(page, true));
    };
    try {
      const ended = await runChild({ program, args: ['login', 'openrouter', '--no-browser'], limitMs: LIMIT_MS, signal: abort.signal, onStderr });
      if (ended.code === 0) void vscode.window.showInformationMessage(`BYOK: ${plain(ended.stdout.trim() || 'signed in at OpenRouter', 600)}`);
      else void vscode.window.showErrorMessage(`BYOK: ${plain(ended.stderr.trim().split('\n').pop() ?? '', 600)}`);
    } catch (error) {
      if (!abort.signal.aborted) throw error;
    }
  });
}
