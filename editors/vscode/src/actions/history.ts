/** The instructions that the user gave before, newest first. */

const MOST = 20;

/** Puts an instruction in front; a repeated one moves there. */
export function remember(history: readonly string[], instruction: string): string[] {
  return [instruction, ...history.filter((earlier) => earlier !== instruction)].slice(0, MOST);
}

/** What can be chosen while `typed` stands in the box: the text itself, then earlier ones that hold it. */
export function choices(history: readonly string[], typed: string): string[] {
  const text = typed.trim();
  const earlier = history.filter((instruction) => instruction !== text && instruction.toLowerCase().includes(text.toLowerCase()));
  return text === '' ? earlier : [text, ...earlier];
}
