/** Asks the user what an action is to do, where it cannot know by itself. */

import * as vscode from 'vscode';
import type { ActionArgument } from '../protocol';
import { choices, remember } from './history';

const HISTORY = 'byok.instructions';

/** Completes the arguments of `byok.action`; nothing when the user thought better of it. */
export async function askForInstruction(args: readonly unknown[], memory: vscode.Memento): Promise<unknown[] | undefined> {
  const [first, ...rest] = args;
  if (!isArgument(first) || first.needsInstruction !== true || first.instruction !== undefined) return [...args];
  const history = memory.get<string[]>(HISTORY, []);
  const instruction = await ask(history);
  if (instruction === undefined) return undefined;
  await memory.update(HISTORY, remember(history, instruction));
  return [{ ...first, instruction }, ...rest];
}

function isArgument(value: unknown): value is ActionArgument {
  return typeof value === 'object' && value !== null && 'action' in value;
}

/** A box to write in, with what was written before below it. */
function ask(history: readonly string[]): Promise<string | undefined> {
  const box = vscode.window.createQuickPick();
  box.title = 'BYOK: Rewrite';
  box.placeholder = 'What should change? For example: use an iterator';
  box.ignoreFocusOut = true;
  const show = (typed: string) => {
    box.items = choices(history, typed).map((label) => ({ label, alwaysShow: true }));
  };
  show('');
  box.onDidChangeValue(show);
  return new Promise((resolve) => {
    box.onDidAccept(() => {
      const chosen = (box.selectedItems[0]?.label ?? box.value).trim();
      if (chosen === '') return;
      resolve(chosen);
      box.hide();
    });
    box.onDidHide(() => {
      resolve(undefined);
      box.dispose();
    });
    box.show();
  });
}
