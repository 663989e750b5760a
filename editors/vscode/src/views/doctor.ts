/** `byok-lsp doctor`, as a document. */

import * as vscode from 'vscode';
import { runChild } from '../server/child';
import type { Server } from '../server/server';
import type { Documents } from './documents';

const LIMIT_MS = 60_000;

/** Runs the doctor and shows its report. */
export async function showDoctor(server: Server, documents: Documents): Promise<void> {
  const found = await server.find();
  if ('missing' in found) {
    await documents.show('BYOK Doctor.txt', `byok-lsp is not installed: ${found.missing}.\n`);
    return;
  }
  const options = { location: vscode.ProgressLocation.Notification, title: 'BYOK: looking at what is configured and what works' };
  const ended = await vscode.window.withProgress(options, () => runChild({ program: found.program, args: ['doctor'], limitMs: LIMIT_MS }));
  const head = `${found.program} (${found.from})\nWhat this editor's settings add to your own file is not in this report.\n\n`;
  await documents.show('BYOK Doctor.txt', head + ended.stdout + ended.stderr);
}
