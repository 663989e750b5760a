/** What the user can do about a state, as a command. What it is, the server says; some of its commands have a better one here. */

import type { ServerFix } from '../protocol';
import type { State } from '../state';

export interface Fix {
  readonly title: string;
  readonly command: string;
  readonly args: readonly unknown[];
}

/** Returns the command that mends what is wrong, if something is and a command can. */
export function fixOf(state: State): Fix | undefined {
  if (state.life === 'missing') return { title: 'Set Path', command: 'workbench.action.openSettings', args: ['byok.serverPath'] };
  const status = state.status;
  if (status?.state === 'paused') return { title: 'Resume', command: 'byokLsp.resume', args: [] };
  return status?.state === 'error' && status.fix ? own(status.fix) : undefined;
}

/** Returns what this editor does for a command of the server's. */
export function own({ title, command, arguments: args }: ServerFix): Fix {
  switch (command) {
    case 'byok.setKey':
      return { title, command: 'byokLsp.setKey', args: args.slice(0, 1) };
    case 'byok.setModel':
      return args.length === 0 ? { title, command: 'byokLsp.pickModel', args: [] } : { title, command, args };
    case 'byok.openSettings':
      return { title, command: 'workbench.action.openSettings', args: ['@ext:byok-lsp.byok-lsp'] };
    default:
      return { title, command, args };
  }
}

/** The provider of a model, where it names one. */
export function providerOf(model: string): string | undefined {
  const slash = model.indexOf('/');
  return slash > 0 ? model.slice(0, slash) : undefined;
}
