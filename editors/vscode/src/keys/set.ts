/**
 * Storing a key: from a password box into the stdin of `byok-lsp key set`, and nowhere else. No setting, no message to the server, no
 * argument, no log holds it.
 */

import * as vscode from 'vscode';
import type { Models } from '../protocol';
import { runChild } from '../server/child';
import type { Server } from '../server/server';
import { plain } from '../text/escape';
import { providersOf } from './providers';

/** Storing takes long when a key store asks its user to unlock it, or a provider is slow to answer. */
const LIMIT_MS = 90_000;

/** Asks for a provider's key and stores it. */
export async function setKey(server: Server, named?: string): Promise<void> {
  const program = server.program;
  if (program === undefined) throw new Error('byok-lsp is not installed');
  const provider = named ?? (await pickProvider(server));
  if (provider === undefined) return;
  const key = await vscode.window.showInputBox({
    title: `BYOK: Key for ${plain(provider)}`,
    prompt: 'It goes into your system\'s key store, and from there to this provider alone.',
    password: true,
    ignoreFocusOut: true,
    validateInput: (value) => (value.trim() === '' ? 'Paste the key; Escape leaves' : undefined),
  });
  if (key === undefined) return;
  const ended = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Notification, title: `BYOK: storing the key for ${plain(provider)}` },
    () => runChild({ program, args: ['key', 'set', '--stdin', '--', provider], input: `${key.trim()}\n`, limitMs: LIMIT_MS }));
  const said = plain((ended.stdout.trim() || ended.stderr.trim()).replace(/\n/g, '; '), 600);
  if (ended.code === 0) void vscode.window.showInformationMessage(`BYOK: ${said}`);
  else void vscode.window.showErrorMessage(`BYOK: ${plain(ended.stderr.trim().replace(/\n/g, '; '), 600) || 'the key was not stored'}`);
}

async function pickProvider(server: Server): Promise<string | undefined> {
  const models = await server.request<Models>('byok/models');
  const items = providersOf(models).map(({ name, hasKey }) => ({ label: name, description: hasKey ? 'has a key' : '' }));
  const chosen = await vscode.window.showQuickPick(items, { title: 'BYOK: Set Key', placeHolder: 'Whose key is it?' });
  return chosen?.label;
}
