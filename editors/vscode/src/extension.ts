/** BYOK: ghost text and code actions on the user's own key. Everything here is wiring; the parts say what they do. */

import { firstLine, workedMs } from './activation';
import * as vscode from 'vscode';
import { ADVICE, Previews } from './actions/preview';
import { Streams } from './actions/stream';
import { registerCommands } from './commands';
import type { ActionProgressPiece, Advice, Preview, UsageSummary } from './protocol';
import { ACTION_ENDED, Server } from './server/server';
import { State } from './state';
import { StatusBar } from './status/bar';
import { tell } from './status/tell';
import { UsagePanel } from './usage/panel';
import { Documents } from './views/documents';

let running: Server | undefined;

/** Starts everything and waits for nothing: the server comes up behind it. */
export function activate(context: vscode.ExtensionContext) {
  const called = workedMs();
  const log = vscode.window.createOutputChannel('BYOK', { log: true });
  const state = new State();
  const server = new Server(context, log);
  const bar = new StatusBar(state);
  const usage = new UsagePanel(server, context.extensionUri);
  const documents = new Documents();
  const previews = new Previews();
  const streams = new Streams(documents);
  running = server;
  server.onLife((life) => {
    state.lived(life);
    bar.touch();
    if (life === 'running') void seed(server, state, bar);
    void vscode.commands.executeCommand('setContext', 'byok.running', life === 'running');
    void vscode.commands.executeCommand('setContext', 'byok.explainsContext', server.offers('byok.explainContext'));
    void vscode.commands.executeCommand('setContext', 'byok.explainsRoute', server.offers('byok.explainRoute'));
  });
  server.onNotification(({ method, params }) => {
    switch (method) {
      case 'byok/preview':
        server.say((params as Preview).id, ADVICE);
        return void previews.show(params as Preview, (id, accepted) => server.request('byok/answerPreview', { id, accepted }));
      case 'byok/actionProgress':
        return void streams.take(params as ActionProgressPiece);
      case 'byok/advice':
        return void tell(params as Advice);
      case ACTION_ENDED:
        return previews.ended((params as { id: string }).id);
      default:
        if (state.take(method, params)) noticed();
    }
  });
  const noticed = () => {
    bar.touch();
    usage.touch();
  };
  context.subscriptions.push(log, server, bar, usage, documents, previews, streams);
  context.subscriptions.push(registerCommands({ server, state, usage, documents, previews, log }));
  // The language client is read behind the activation, not in it.
  setImmediate(() => void server.start());
  const activation = loadMs + workedMs() - called;
  log.info(`activated in ${activation.toFixed(1)} ms`);
  // What tests look at; nothing here changes anything.
  return { activation, status: () => bar.shown, life: () => server.life, calls: () => state.calls };
}

/** Asks what was spent before this start, so that the status bar has it at once. */
async function seed(server: Server, state: State, bar: StatusBar): Promise<void> {
  const summary = await server.request<UsageSummary>('byok/usageSummary').catch(() => undefined);
  if (summary === undefined) return;
  state.totals ??= { session: summary.session, day: summary.day, month: summary.month };
  bar.touch();
}

/** Ends the server before the editor goes. */
export function deactivate(): Promise<void> | undefined {
  return running?.stop();
}

const loadMs = workedMs() - firstLine;
