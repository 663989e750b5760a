/** The model picker. What is picked is kept in the user's settings, so that it holds tomorrow and settings say what is. */

import * as vscode from 'vscode';
import type { Model, Models } from '../protocol';
import type { Server } from '../server/server';
import { providerOf } from '../status/fix';
import { describe, missing } from './describe';

export type Use = 'completion' | 'actions';

const TITLES: Readonly<Record<Use, string>> = { completion: 'Model for ghost text', actions: 'Model for code actions' };

/** While providers are being asked for their lists, the server is asked again this often, and this many times. */
const AGAIN_MS = 700;
const MOST_TIMES = 8;

interface Item extends vscode.QuickPickItem {
  readonly model: Model;
}

/** Lets the user pick a model for ghost text or for code actions. */
export async function pickModel(server: Server, use: Use): Promise<void> {
  const model = await choose(server, use, await server.request<Models>('byok/models'));
  if (model === undefined) return;
  const id = model.id.endsWith('/') ? await askForName(model.id) : model.id;
  if (id === undefined) return;
  await vscode.workspace.getConfiguration('byok').update(`${use}.model`, id, vscode.ConfigurationTarget.Global);
  if (!model.hasKey && model.pool === undefined) await offerKey(id);
}

/** The list; it grows while lists come in, as long as nobody has touched it. */
function choose(server: Server, use: Use, first: Models): Promise<Model | undefined> {
  const setting = vscode.workspace.getConfiguration('byok').get<string>(`${use}.model`);
  const pick = vscode.window.createQuickPick<Item>();
  const show = (models: Models) => {
    const current = use === 'completion' ? models.current : (setting ?? '');
    const offered = use === 'completion' ? models.models : models.models.filter(holdsConversations);
    pick.title = `BYOK: ${TITLES[use]}${missing(models.lists)}`;
    pick.placeholder = current === '' ? 'As for ghost text' : `Now: ${current}`;
    pick.items = offered.map((model) => ({ ...describe(model, current), model }));
    pick.busy = models.lists.some((list) => list.refreshing);
  };
  pick.matchOnDescription = true;
  pick.matchOnDetail = true;
  show(first);
  return new Promise((resolve) => {
    let times = 0;
    const timer = setInterval(() => {
      times += 1;
      const isUntouched = pick.value === '' && (pick.activeItems[0] === undefined || pick.activeItems[0] === pick.items[0]);
      if (!pick.busy || !isUntouched || times >= MOST_TIMES) {
        clearInterval(timer);
        pick.busy = false;
        return;
      }
      void server.request<Models>('byok/models').then(show, () => {});
    }, AGAIN_MS);
    pick.onDidAccept(() => {
      resolve(pick.selectedItems[0]?.model);
      pick.hide();
    });
    pick.onDidHide(() => {
      clearInterval(timer);
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

/** The embedded engine continues code; it cannot be told what to do, and neither can a model that only fills holes. */
function holdsConversations(model: Model): boolean {
  return model.id !== 'local' && model.id !== 'auto' && model.ability !== 'fill';
}

async function askForName(provider: string): Promise<string | undefined> {
  const name = await vscode.window.showInputBox({
    title: 'BYOK: Model',
    prompt: `The model's name, as ${provider.slice(0, -1)} has it`,
    value: provider,
    valueSelection: [provider.length, provider.length],
    validateInput: (value) => (value.startsWith(provider) && value.length > provider.length ? undefined : `${provider}NAME`),
  });
  return name?.trim();
}

async function offerKey(id: string): Promise<void> {
  const provider = providerOf(id);
  if (provider === undefined) return;
  const choice = await vscode.window.showInformationMessage(`BYOK: there is no key for ${provider} yet.`, 'Set Key');
  if (choice === 'Set Key') await vscode.commands.executeCommand('byokLsp.setKey', provider);
}
