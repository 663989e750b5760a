/** The language client: what is told to the server at the start, and how its requests for the user are met. */

import * as vscode from 'vscode';
import {
  CloseAction, ErrorAction, LanguageClient, type LanguageClientOptions, RevealOutputChannelOn, type StaticFeature,
} from 'vscode-languageclient/node';
import { askForInstruction } from '../actions/instruction';
import { ACTION_COMMAND } from '../protocol';
import { ActionProgress } from '../actions/progress';

export interface Wiring {
  readonly program: string;
  readonly settings: Record<string, unknown>;
  readonly log: vscode.LogOutputChannel;
  readonly memory: vscode.Memento;
  /** The server's end, unless it was asked to end. */
  readonly ended: () => void;
}

/** Announces that this client asks its user for an instruction where an action needs one. */
const asksForInstructions: StaticFeature = {
  fillClientCapabilities(capabilities) {
    capabilities.experimental = { ...(capabilities.experimental as object | undefined), byok: { instruction: true } };
  },
  initialize() {},
  getState: () => ({ kind: 'static' }),
  clear() {},
};

/** Makes a client for one run of the server; the next run gets a new one. */
export function createClient(wiring: Wiring): LanguageClient {
  const progress = new ActionProgress((token) => {
    void client.sendNotification('window/workDoneProgress/cancel', { token });
  });
  const options: LanguageClientOptions = {
    // Every language: what the server does not know it still completes. Files of other schemes have no text of the user's.
    documentSelector: [{ scheme: 'file' }, { scheme: 'untitled' }],
    initializationOptions: wiring.settings,
    outputChannel: wiring.log,
    revealOutputChannelOn: RevealOutputChannelOn.Never,
    stdioOptions: { stdout: () => {}, stderr: (stream, log) => forward(stream, log) },
    errorHandler: {
      error: () => ({ action: ErrorAction.Continue, handled: true }),
      closed: () => {
        wiring.ended();
        return { action: CloseAction.DoNotRestart, handled: true };
      },
    },
    initializationFailedHandler: () => false,
    middleware: {
      handleWorkDoneProgress: (token, params, next) => {
        if (!progress.handle(token, params)) next(token, params);
      },
      executeCommand: async (command, args: unknown[], next) => {
        if (command !== ACTION_COMMAND) return next(command, args);
        const completed = await askForInstruction(args, wiring.memory);
        return completed === undefined ? undefined : next(command, completed);
      },
    },
  };
  const client = new LanguageClient('byok', 'BYOK', { command: wiring.program, args: ['serve'] }, options);
  client.registerFeature(asksForInstructions);
  return client;
}

/** Hands what the server writes to stderr, its log, to the output channel line by line. */
function forward(stream: NodeJS.ReadableStream, log: vscode.LogOutputChannel): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(-100_000);
    for (const line of lines) log.info(line);
  });
}
