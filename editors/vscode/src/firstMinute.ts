/** The first minute: one quiet hint, once in a life, that there is more than the embedded engine. */

import * as vscode from 'vscode';
import type { State } from './state';

const TOLD = 'byok.firstMinute';

export const WALKTHROUGH = 'byok-lsp.byok-lsp#byok.firstMinute';

export class FirstMinute {
  private done: boolean;

  constructor(private readonly memory: vscode.Memento, private readonly state: State) {
    this.done = memory.get<boolean>(TOLD, false);
  }

  /** Looks whether the embedded engine has just made its first suggestion. */
  look(): void {
    if (this.done || this.state.calls.length === 0) return;
    this.done = true;
    void this.memory.update(TOLD, true);
    if (this.state.calls[0]?.provider !== 'local') return;
    const text = 'BYOK completes from your own code, on this machine, for nothing. With a key of yours, a model does it.';
    void vscode.window.showInformationMessage(text, 'Set Key', 'First Steps').then((choice) => {
      if (choice === 'Set Key') return vscode.commands.executeCommand('byokLsp.setKey');
      if (choice === 'First Steps') return vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH);
      return undefined;
    });
  }
}
