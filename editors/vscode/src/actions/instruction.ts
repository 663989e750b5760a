/** Asks the user what an action is to do, where it cannot know by itself. */

import * as vscode from 'vscode';
import { plain } from '../text/escape';
import { choices, remember } from './history';

const HISTORY = 'byok.instructions';

/** Returns what the user wants; nothing when they thought better of it. */
export async function askForInstruction(question: string | undefined, memory: vscode.Memento): Promise<string | undefined> {
  const history = memory.get<string[]>(HISTORY, []);
  const instruction = await ask(question ?? 'What should change?', history);
  if (instruction !== undefined) await memory.update(HISTORY, remember(history, instruction));
  return instruction;
}

/** A box to write in, with what was written before below it. */
function ask(question: string, history: readonly string[]): Promise<string | undefined> {
  const box = vscode.window.createQuickPick();
  box.title = 'BYOK';
  box.placeholder = plain(question, 120);
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
