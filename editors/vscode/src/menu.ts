/** The menu behind the status bar item: what can be done now, what mends a failure first. */

import * as vscode from 'vscode';
import type { State } from './state';
import { fixOf } from './status/fix';
import { plain } from './text/escape';

interface Item extends vscode.QuickPickItem {
  readonly command: string;
  readonly args?: readonly unknown[];
}

/** Lets the user choose, and runs what was chosen. */
export async function showMenu(state: State): Promise<void> {
  const items: Item[] = [];
  const fix = fixOf(state);
  if (fix !== undefined) {
    const detail = state.status?.message;
    items.push({ label: `$(wrench) ${fix.title}`, command: fix.command, args: fix.args, ...(detail === undefined ? {} : { detail: plain(detail) }) });
  }
  const isPaused = state.status?.state === 'paused';
  items.push(
    { label: '$(sparkle) Pick Model', command: 'byokLsp.pickModel', description: plain(state.status?.model ?? '') },
    { label: '$(wand) Pick Model for Code Actions', command: 'byokLsp.pickActionModel' },
    { label: '$(key) Set Key', command: 'byokLsp.setKey' },
    { label: '$(sign-in) Sign In to OpenRouter', command: 'byokLsp.signIn' },
    isPaused ? { label: '$(debug-start) Resume', command: 'byokLsp.resume' } : { label: '$(debug-pause) Pause', command: 'byokLsp.pause' },
    { label: '$(graph) Usage and Cost', command: 'byokLsp.usage' },
    { label: '$(pulse) Doctor', command: 'byokLsp.doctor' },
    { label: '$(output) Show Log', command: 'byokLsp.showLog' },
    { label: '$(debug-restart) Restart Server', command: 'byokLsp.restart' },
  );
  const chosen = await vscode.window.showQuickPick(items, { title: 'BYOK' });
  if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command, ...(chosen.args ?? []));
}
