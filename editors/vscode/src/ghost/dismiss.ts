/**
 * Takes the suggestion off the screen and tells the server, so that it does not come back at the next key. The editor itself tells nobody of a
 * dismissal, so the key that dismisses is ours while a suggestion is visible.
 */

import * as vscode from 'vscode';
import type { Position } from '../protocol';
import type { Server } from '../server/server';

/** Runs on Escape. */
export async function dismiss(server: Server): Promise<void> {
  const editor = vscode.window.activeTextEditor;
  const ids = editor === undefined ? [] : server.shown.dismissed(String(editor.document.uri), (from) => typedSince(from, editor));
  for (const id of ids) server.notify('byok/didDismiss', { id });
  await vscode.commands.executeCommand('editor.action.inlineSuggest.hide');
}

/** The text from a place to the cursor; undefined if the cursor stands before it. */
function typedSince(from: Position, { document, selection }: vscode.TextEditor): string | undefined {
  const start = new vscode.Position(from.line, from.character);
  return selection.active.isBefore(start) ? undefined : document.getText(new vscode.Range(start, selection.active));
}
