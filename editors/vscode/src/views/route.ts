/** Which model a call would go to now, and why, as a document. */

import * as vscode from 'vscode';

import type { ExplainRoute } from '../protocol';
import type { Server } from '../server/server';
import type { Documents } from './documents';
import { routeText } from './routeText';

/** Asks the server about ghost text and code actions in the document at hand, and shows its answers. */
export async function showRoute(server: Server, documents: Documents): Promise<void> {
  const uri = vscode.window.activeTextEditor?.document.uri.toString();
  const ask = (feature: string) => server.request<ExplainRoute>('byok/explainRoute', { feature, uri });
  const explained = await Promise.all([ask('completion'), ask('action')]);
  await documents.preview('BYOK Route.md', routeText(explained));
}
