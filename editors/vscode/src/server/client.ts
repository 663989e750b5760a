/** The language client: what is told to the server at the start, and how its requests for the user are met. */

import * as vscode from 'vscode';
import {
  CloseAction, ErrorAction, LanguageClient, type LanguageClientOptions, RevealOutputChannelOn, type StaticFeature,
} from 'vscode-languageclient/node';
import { completed } from '../actions/arguments';
import { ActionProgress } from '../actions/progress';
import { renameIfAsked } from '../actions/rename';
import type { Shown } from '../ghost/shown';
import { ACCEPTED_COMMAND, ACTION_COMMAND } from '../protocol';

export interface Wiring {
  readonly program: string;
  readonly settings: Record<string, unknown>;
  readonly log: vscode.LogOutputChannel;
  readonly memory: vscode.Memento;
  /** Is told what is suggested. */
  readonly shown: Shown;
  /** Whether edits are shown before they are made. */
  readonly previews: boolean;
  /** The server's end, unless it was asked to end. */
  readonly ended: () => void;
  /** The end of a progress that could be cancelled, and so of an action. */
  readonly actionEnded: (token: string) => void;
}

/** Announces what this client does beyond the Language Server Protocol (docs/protocol.md). */
function abilities(previews: boolean): StaticFeature {
  return {
    fillClientCapabilities(capabilities) {
      const byok = { instruction: true, rename: true, stream: true, preview: previews, advice: true };
      capabilities.experimental = { ...(capabilities.experimental as object | undefined), byok };
    },
    initialize() {},
    getState: () => ({ kind: 'static' }),
    clear() {},
  };
}

export interface Client {
  readonly client: LanguageClient;
  /** Says something in the progress of an action. */
  readonly say: (token: string, message: string) => void;
}

/** Makes a client for one run of the server; the next run gets a new one. */
export function createClient(wiring: Wiring): Client {
  const progress = new ActionProgress((token) => {
    void client.sendNotification('window/workDoneProgress/cancel', { token });
  }, (token) => wiring.actionEnded(String(token)));
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
      provideInlineCompletionItems: async (document, position, context, token, next) => {
        const answer = await next(document, position, context, token);
        // Of a request that was taken back nothing is shown.
        if (!token.isCancellationRequested) {
          const items = answer === null || answer === undefined ? [] : Array.isArray(answer) ? answer : answer.items;
          // Where the server put it: the document may have moved on since.
          wiring.shown.answered(String(document.uri), items[0]?.range?.start ?? position, items);
        }
        return answer;
      },
      executeCommand: async (command, args: unknown[], next) => {
        if (command === ACCEPTED_COMMAND) wiring.shown.accepted();
        if (command !== ACTION_COMMAND) return next(command, args);
        const whole = await completed(args, wiring.memory);
        if (whole === undefined) return undefined;
        const result: unknown = await next(command, whole);
        await renameIfAsked(result);
        return result;
      },
    },
  };
  const client = new LanguageClient('byok', 'BYOK', { command: wiring.program, args: ['serve'] }, options);
  client.registerFeature(abilities(wiring.previews));
  return { client, say: (token, message) => progress.say(token, message) };
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
