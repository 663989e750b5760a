/** Tells the user of a failure once, with what mends it as a button; the state stays in the status bar. */

import * as vscode from 'vscode';
import type { State } from '../state';
import { plain } from '../text/escape';
import { fixOf } from './fix';

export class Teller {
  private readonly told = new Set<string>();

  constructor(private readonly state: State) {}

  /** Looks whether there is something that the user has not been told in this session. */
  look(): void {
    const status = this.state.status;
    if ((status?.state !== 'error' && status?.state !== 'paused') || status.message === undefined || this.told.has(status.message)) return;
    this.told.add(status.message);
    const fix = fixOf(this.state);
    const buttons = fix === undefined ? ['Show Log'] : [fix.title, 'Show Log'];
    void vscode.window.showWarningMessage(`BYOK: ${plain(status.message, 500)}`, ...buttons).then((choice) => {
      if (choice === 'Show Log') return vscode.commands.executeCommand('byokLsp.showLog');
      if (choice !== undefined && fix !== undefined) return vscode.commands.executeCommand(fix.command, ...fix.args);
      return undefined;
    });
  }
}
