/** What the server last said about itself and its calls. It is only kept here; who shows it asks when it is time to draw. */

import type { Budget, Status, Totals, Usage } from './protocol';
import type { Life } from './server/server';

const MOST_CALLS = 200;

export class State {
  life: Life = 'stopped';
  status: Status | undefined;
  totals: Totals | undefined;
  budget: Budget | undefined;
  private readonly recent: Usage[] = [];

  /** The settled calls of this window, newest first. */
  get calls(): readonly Usage[] {
    return this.recent;
  }

  lived(life: Life): void {
    this.life = life;
    if (life === 'running') return;
    this.status = undefined;
    this.budget = undefined;
  }

  /** Takes one of the server's notifications; tells whether it was one of those kept here. */
  take(method: string, params: unknown): boolean {
    switch (method) {
      case 'byok/status':
        this.status = params as Status;
        return true;
      case 'byok/budget':
        this.budget = params as Budget;
        return true;
      case 'byok/usage':
        this.settled(params as Usage);
        return true;
      default:
        return false;
    }
  }

  private settled(usage: Usage): void {
    this.totals = usage.totals;
    const earlier = this.recent.findIndex((call) => call.id === usage.id);
    if (earlier >= 0) {
      // The provider told the true cost afterwards.
      this.recent[earlier] = usage;
      return;
    }
    this.recent.unshift(usage);
    this.recent.length = Math.min(this.recent.length, MOST_CALLS);
  }
}
