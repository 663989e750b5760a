/** The server's life: found, started, asked, started again when it ends by itself, stopped. */

import { join } from 'node:path';
import * as vscode from 'vscode';
import type { LanguageClient } from 'vscode-languageclient/node';
import { Shown } from '../ghost/shown';
import { plain } from '../text/escape';
import { Backoff, MOST_RESTARTS } from './backoff';
import { findServer } from './binary';
import { type Declared, serverSettings } from './settings';

/** The language client is most of this extension's code; it is read here, and not while the editor starts. */
function loadClient(): typeof import('./client') {
  return require(join(__dirname, 'client.js')) as typeof import('./client');
}

const NOTIFICATIONS = ['byok/usage', 'byok/status', 'byok/budget', 'byok/advice', 'byok/preview', 'byok/actionProgress'];

/** What `onNotification` says, beside the server's own, when the progress of an action has ended. */
export const ACTION_ENDED = 'action ended';

export type Life = 'stopped' | 'starting' | 'running' | 'missing';

export class Server implements vscode.Disposable {
  private client: LanguageClient | undefined;
  private readonly backoff = new Backoff();
  private waiting: NodeJS.Timeout | undefined;
  private current: Life = 'stopped';
  private run = 0;
  private readonly changed = new vscode.EventEmitter<Life>();
  private readonly notified = new vscode.EventEmitter<{ method: string; params: unknown }>();

  /** Fires when the server comes up or goes. */
  readonly onLife = this.changed.event;
  /** Fires with each of the server's own notifications. */
  readonly onNotification = this.notified.event;
  /** Says something in the progress of an action. */
  say: (token: string, message: string) => void = () => {};
  /** What is suggested. */
  readonly shown = new Shown();
  /** The program in use, for those who start it for other tasks. */
  program: string | undefined;

  constructor(private readonly context: vscode.ExtensionContext, private readonly log: vscode.LogOutputChannel) {
    context.subscriptions.push(vscode.workspace.onDidChangeConfiguration((event) => this.configured(event)));
  }

  get life(): Life {
    return this.current;
  }

  /** Starts the server; says what to do where it is not there. */
  async start(): Promise<void> {
    const run = ++this.run;
    const found = await this.find();
    if (run !== this.run) return;
    if ('missing' in found) {
      this.become('missing');
      this.log.error(`BYOK cannot start: ${found.missing}`);
      void this.sayMissing(found.missing);
      return;
    }
    this.program = found.program;
    this.log.info(`starting ${found.program} (${found.from})`);
    this.become('starting');
    this.backoff.started(Date.now());
    const { client, say } = loadClient().createClient({
      program: found.program,
      settings: this.settings(),
      log: this.log,
      memory: this.context.globalState,
      shown: this.shown,
      previews: vscode.workspace.getConfiguration('byok').inspect<boolean>('previewEdits')?.globalValue ?? true,
      ended: () => this.ended(run),
      actionEnded: (token) => this.notified.fire({ method: ACTION_ENDED, params: { id: token } }),
    });
    this.client = client;
    this.say = say;
    for (const method of NOTIFICATIONS) {
      client.onNotification(method, (params: unknown) => this.notified.fire({ method, params }));
    }
    try {
      await client.start();
      if (run === this.run && this.client === client) this.become('running');
    } catch (error) {
      this.log.error(`the server did not start: ${plain(String(error))}`);
      this.ended(run);
    }
  }

  /** Stops the server and starts it anew, as the user wants. */
  async restart(): Promise<void> {
    this.backoff.reset();
    await this.stop();
    await this.start();
  }

  async stop(): Promise<void> {
    this.run += 1;
    clearTimeout(this.waiting);
    const client = this.client;
    this.client = undefined;
    this.become('stopped');
    try {
      await client?.dispose(2_000);
    } catch (error) {
      this.log.warn(`while stopping: ${plain(String(error))}`);
    }
  }

  /** Sends a request; fails with a sentence where no server runs. */
  async request<T>(method: string, params: object = {}): Promise<T> {
    if (this.client === undefined || this.current !== 'running') throw new Error('the server does not run; see "BYOK: Show Log"');
    return this.client.sendRequest<T>(method, params);
  }

  /** Tells the server something, if it runs. */
  notify(method: string, params: object): void {
    if (this.current === 'running') void this.client?.sendNotification(method, params).catch((error: unknown) => this.log.warn(plain(String(error))));
  }

  /** Whether the server offers a command, and so the request of that name. */
  offers(command: string): boolean {
    return this.client?.initializeResult?.capabilities.executeCommandProvider?.commands.includes(command) ?? false;
  }

  /** Finds the program. */
  find(): ReturnType<typeof findServer> {
    return findServer({
      setting: vscode.workspace.getConfiguration('byok').inspect<string>('serverPath')?.globalValue ?? '',
      extensionFolder: this.context.extensionPath,
      path: process.env['PATH'] ?? '',
      platform: process.platform,
    });
  }

  dispose(): void {
    void this.stop();
    this.changed.dispose();
    this.notified.dispose();
  }

  private become(life: Life): void {
    if (this.current === life) return;
    this.current = life;
    this.changed.fire(life);
  }

  private settings(): Record<string, unknown> {
    const groups = this.context.extension.packageJSON.contributes.configuration as { properties: Declared }[];
    const declared: Declared = Object.assign({}, ...groups.map((group) => group.properties));
    const configuration = vscode.workspace.getConfiguration();
    return serverSettings(declared, (name) => configuration.inspect(name));
  }

  private configured(event: vscode.ConfigurationChangeEvent): void {
    if (event.affectsConfiguration('byok.serverPath') || event.affectsConfiguration('byok.previewEdits')) void this.restart();
    else if (event.affectsConfiguration('byok') && this.current === 'running') {
      void this.client?.sendNotification('workspace/didChangeConfiguration', { settings: { byok: this.settings() } });
    }
  }

  /** The server ended by itself: once more after a wait, unless that has happened too often. */
  private ended(run: number): void {
    if (run !== this.run) return;
    this.run += 1;
    const client = this.client;
    this.client = undefined;
    // The client is still within its own end; what it registered goes once that is over.
    setTimeout(() => void client?.dispose(0).catch(() => {}), 0);
    this.become('stopped');
    const wait = this.backoff.ended(Date.now());
    if (wait === undefined) {
      void this.sayEnded();
      return;
    }
    this.log.warn(`the server ended; it is started again in ${wait} ms`);
    this.waiting = setTimeout(() => void this.start(), wait);
  }

  private async sayEnded(): Promise<void> {
    const choice = await vscode.window.showErrorMessage(
      `BYOK: the server ended ${MOST_RESTARTS + 1} times in a row and is left alone. Its log says why.`, 'Start Again', 'Show Log');
    if (choice === 'Start Again') await this.restart();
    if (choice === 'Show Log') this.log.show();
  }

  private async sayMissing(reason: string): Promise<void> {
    const choice = await vscode.window.showErrorMessage(`BYOK cannot start: ${plain(reason)}.`, 'Set Path', 'Try Again');
    if (choice === 'Set Path') await vscode.commands.executeCommand('workbench.action.openSettings', 'byok.serverPath');
    if (choice === 'Try Again') await this.restart();
  }
}
