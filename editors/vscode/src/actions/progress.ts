/**
 * The progress of a code action, with a way to take it back.
 *
 * The language client shows progress in the status bar, where nothing can be cancelled; what the server lets be cancelled is shown as a
 * notification with its button instead.
 */

import * as vscode from 'vscode';
import type { ProgressToken, WorkDoneProgressBegin, WorkDoneProgressEnd, WorkDoneProgressReport } from 'vscode-languageclient/node';

type Step = WorkDoneProgressBegin | WorkDoneProgressReport | WorkDoneProgressEnd;

interface Shown {
  readonly report: (message: string) => void;
  readonly end: () => void;
}

export class ActionProgress {
  private readonly shown = new Map<ProgressToken, Shown>();

  constructor(private readonly cancel: (token: ProgressToken) => void, private readonly ended: (token: ProgressToken) => void) {}

  /** Takes a step of a progress over; false leaves it to the client. */
  handle(token: ProgressToken, step: Step): boolean {
    if (step.kind === 'begin') {
      if (step.cancellable !== true) return false;
      this.begin(token, step);
      return true;
    }
    const shown = this.shown.get(token);
    if (shown === undefined) return false;
    if (step.kind === 'report') {
      if (step.message !== undefined) shown.report(step.message);
      return true;
    }
    shown.end();
    this.shown.delete(token);
    this.ended(token);
    // The client has an entry of its own for the token, which it closes now.
    return false;
  }

  /** Says something in a progress that is shown. */
  say(token: ProgressToken, message: string): void {
    this.shown.get(token)?.report(message);
  }

  private begin(token: ProgressToken, begin: WorkDoneProgressBegin): void {
    const options = { location: vscode.ProgressLocation.Notification, title: begin.title, cancellable: true };
    void vscode.window.withProgress(options, (progress, cancelled) => {
      cancelled.onCancellationRequested(() => this.cancel(token));
      return new Promise<void>((end) => {
        const report = (message: string) => progress.report({ message });
        if (begin.message !== undefined) report(begin.message);
        this.shown.set(token, { report, end });
      });
    });
  }
}
