/**
 * How long activation works on the extension host's thread: the code that is read, and the call of `activate`. What else the thread does
 * between the two is not ours, and what else the machine does is not in it.
 */

/** Absent in older versions of Node.js, where the clock must do. */
const used = (process as { threadCpuUsage?: () => { user: number; system: number } }).threadCpuUsage;

/** The time that this thread has worked, in milliseconds. */
export function workedMs(): number {
  if (used === undefined) return performance.now();
  const { user, system } = used.call(process);
  return (user + system) / 1000;
}

/** When the first line was run. This file is the first to be read. */
export const firstLine = workedMs();
