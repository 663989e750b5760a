/** How long to wait before a server that ended is started again, and when to leave it. */

const WAITS_MS = [200, 1_000, 4_000, 15_000] as const;

/** One that ran this long is counted as sound again. */
const SOUND_MS = 3 * 60_000;

export class Backoff {
  private ends = 0;
  private startedAt = 0;

  /** Notes that the server was started. */
  started(now: number): void {
    this.startedAt = now;
  }

  /** Returns the wait before the next start, or nothing when it has ended too often. */
  ended(now: number): number | undefined {
    if (now - this.startedAt >= SOUND_MS) this.ends = 0;
    const wait = WAITS_MS[this.ends];
    this.ends += 1;
    return wait;
  }

  /** Forgets what was: the user wants another try. */
  reset(): void {
    this.ends = 0;
  }
}

/** How often it is started again by itself. */
export const MOST_RESTARTS = WAITS_MS.length;
