/**
 * Tells the user what the server advises, with what mends it as a button; the state stays in the status bar. The server says each trouble once
 * in a session and the hint once on a machine, so nothing is remembered here.
 */

import * as vscode from 'vscode';
import type { Advice } from '../protocol';
import { plain } from '../text/escape';
import { own } from './fix';

export const WALKTHROUGH = 'byok-lsp.byok-lsp#byok.firstMinute';

interface Button extends vscode.MessageItem {
  readonly command: string;
  readonly args: readonly unknown[];
}

/** Shows an advice, and does what its reader chooses. */
export async function tell({ kind, message, fix }: Advice): Promise<void> {
  const more: Button = kind === 'hint'
    ? { title: 'First Steps', command: 'workbench.action.openWalkthrough', args: [WALKTHROUGH] }
    : { title: 'Show Log', command: 'byokLsp.showLog', args: [] };
  const buttons = fix ? [own(fix), more] : [more];
  const text = `BYOK: ${plain(message, 500)}`;
  const chosen = await (kind === 'hint' ? vscode.window.showInformationMessage(text, ...buttons) : vscode.window.showWarningMessage(text, ...buttons));
  if (chosen !== undefined) await vscode.commands.executeCommand(chosen.command, ...chosen.args);
}
