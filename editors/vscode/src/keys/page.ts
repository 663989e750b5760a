/** The page at which the user signs in, out of what `byok-lsp login` says. */

/** Returns the whole address, once its line has ended. */
export function pageOf(said: string): string | undefined {
  return /^(https?:\/\/\S+)\r?\n/m.exec(said)?.[1];
}
