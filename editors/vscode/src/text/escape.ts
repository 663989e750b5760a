/** Makes text that others wrote (names of models, messages of providers) harmless in what shows markup. */

const INVISIBLE = /[\u0000-\u001f\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]+/g;

/** One line of plain text, of a bounded length. */
export function plain(text: string, limit = 300): string {
  const line = text.replace(INVISIBLE, ' ').trim();
  return line.length <= limit ? line : `${line.slice(0, limit - 1)}…`;
}

/** Text for Markdown, in which nothing becomes a link, a command, an icon, a table or HTML. */
export function markdown(text: string, limit = 300): string {
  return plain(text, limit)
    .replace(/[\\`*_{}[\]()#+\-.!|~$<>&:/@"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

/** Text for HTML, in an element or an attribute in quotes. */
export function html(text: string): string {
  return text.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

/** Text for a status bar item or a quick pick, where `$(name)` would become an icon. */
export function label(text: string, limit = 80): string {
  return plain(text, limit).replace(/\$\(/g, '$ (');
}
