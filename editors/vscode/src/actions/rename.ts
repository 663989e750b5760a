/** A renaming that the model proposes and the language's own server makes, in every file. */

import * as vscode from 'vscode';
import type { ActionResult } from '../protocol';

/** Renames, where the answer to an action asks for it. */
export async function renameIfAsked(result: unknown): Promise<void> {
  const renaming = (result as ActionResult | undefined)?.renaming;
  if (renaming === undefined) return;
  const { line, character } = renaming.position;
  const edit = await vscode.commands.executeCommand<vscode.WorkspaceEdit | undefined>(
    'vscode.executeDocumentRenameProvider', vscode.Uri.parse(renaming.uri), new vscode.Position(line, character), renaming.newName);
  if (edit === undefined || edit.size === 0) throw new Error('nothing here can rename that');
  await vscode.workspace.applyEdit(edit);
}
