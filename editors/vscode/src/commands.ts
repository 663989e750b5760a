/** The commands, one line each. Their names begin with `byokLsp.`, since the server's own, which the client registers, begin with `byok.`. */

import * as vscode from 'vscode';
import type { Previews } from './actions/preview';
import { dismiss } from './ghost/dismiss';
import { setKey } from './keys/set';
import { signIn } from './keys/signIn';
import { showMenu } from './menu';
import { pickModel } from './models/pick';
import type { Server } from './server/server';
import type { State } from './state';
import { WALKTHROUGH } from './status/tell';
import { plain } from './text/escape';
import type { UsagePanel } from './usage/panel';
import { showContext } from './views/context';
import type { Documents } from './views/documents';
import { showDoctor } from './views/doctor';
import { showRoute } from './views/route';

export interface Parts {
  readonly server: Server;
  readonly state: State;
  readonly usage: UsagePanel;
  readonly documents: Documents;
  readonly previews: Previews;
  readonly log: vscode.LogOutputChannel;
}

/** Registers them. */
export function registerCommands({ server, state, usage, documents, previews, log }: Parts): vscode.Disposable {
  const commands: Readonly<Record<string, (...args: unknown[]) => unknown>> = {
    menu: () => showMenu(state),
    pickModel: () => pickModel(server, 'completion'),
    pickActionModel: () => pickModel(server, 'actions'),
    setKey: (provider) => setKey(server, typeof provider === 'string' ? provider : undefined),
    signIn: () => signIn(server),
    pause: () => server.request('byok/pause'),
    resume: () => server.request('byok/resume'),
    acceptPreview: () => previews.answerActive(true),
    discardPreview: () => previews.answerActive(false),
    dismiss: () => dismiss(server),
    explainContext: () => showContext(server, documents),
    explainRoute: () => showRoute(server, documents),
    usage: () => usage.show(),
    doctor: () => showDoctor(server, documents),
    restart: () => server.restart(),
    showLog: () => log.show(),
    firstSteps: () => vscode.commands.executeCommand('workbench.action.openWalkthrough', WALKTHROUGH),
  };
  const registered = Object.entries(commands).map(([name, run]) => vscode.commands.registerCommand(`byokLsp.${name}`, guarded(run, log)));
  return vscode.Disposable.from(...registered);
}

/** Says a failure in one message instead of the editor's own, which names the command only. */
function guarded(run: (...args: unknown[]) => unknown, log: vscode.LogOutputChannel) {
  return async (...args: unknown[]) => {
    try {
      return await run(...args);
    } catch (error) {
      const message = plain(error instanceof Error ? error.message : String(error), 500);
      log.error(message);
      void vscode.window.showErrorMessage(`BYOK: ${message}`);
      return undefined;
    }
  };
}
