/** What the user can do about a state, as a command. */

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
  if (status?.state !== 'error') return undefined;
  const message = status.message ?? '';
  if (/\bkey\b/i.test(message)) return { title: 'Set Key', command: 'byokLsp.setKey', args: [providerOf(status.model)] };
  if (/\b(budget|cap)\b/i.test(message)) return { title: 'Open Settings', command: 'workbench.action.openSettings', args: ['byok.budget'] };
  if (/\b(setting|configuration|config\.toml)\b/i.test(message)) return { title: 'Open Settings', command: 'workbench.action.openSettings', args: ['@ext:byok-lsp.byok-lsp'] };
  return { title: 'Pick Model', command: 'byokLsp.pickModel', args: [] };
}

/** The provider of a model, where it names one. */
export function providerOf(model: string): string | undefined {
  const slash = model.indexOf('/');
  return slash > 0 ? model.slice(0, slash) : undefined;
}
