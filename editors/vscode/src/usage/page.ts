/**
 * The page of the usage view: what to look at, and room for the report, which the report's own scripts fill. Nothing runs in it, and no style
 * holds, but what carries the nonce; nothing is loaded from anywhere but the extension's own folder, and nothing is sent.
 */

import { html } from '../text/escape';

export interface Assets {
  /** The addresses of the scripts, in their order, and of the styles. */
  readonly scripts: readonly string[];
  readonly styles: readonly string[];
  readonly nonce: string;
}

const SPANS: readonly [string, string][] = [['today', 'Today'], ['7d', 'Seven days'], ['month', 'This month'], ['3m', 'Three months'], ['1y', 'A year'], ['all', 'Everything']];
const GROUPS: readonly [string, string][] = [['model', 'model'], ['provider', 'provider'], ['language', 'language'], ['feature', 'feature'], ['workspace', 'workspace'], ['fate', 'what became of it'], ['cause', 'cause of waste']];

/** What a report is asked for at first. */
export const FIRST = { since: 'month', by: 'model' } as const;

/** Writes the page. */
export function usagePage({ scripts, styles, nonce }: Assets): string {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'nonce-${nonce}'; script-src 'nonce-${nonce}'; base-uri 'none'; form-action 'none'">
<title>BYOK Usage</title>
${styles.map((href) => `<link rel="stylesheet" nonce="${nonce}" href="${html(href)}">`).join('\n')}
</head>
<body>
<form aria-label="What to look at">
<label>Time <select id="since">${options(SPANS, FIRST.since)}</select></label>
<label>By <select id="by">${options(GROUPS, FIRST.by)}</select></label>
<span id="said" role="status"></span>
</form>
<main id="report" aria-busy="true"></main>
${scripts.map((src) => `<script nonce="${nonce}" src="${html(src)}"></script>`).join('\n')}
</body>
</html>`;
}

function options(list: readonly [string, string][], chosen: string): string {
  return list.map(([value, name]) => `<option value="${value}"${value === chosen ? ' selected' : ''}>${name}</option>`).join('');
}

/** What the page asks for, if it is something that it may ask for. */
export function asked(message: unknown): { since: string; by: string } | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  const { since, by } = message as { since?: unknown; by?: unknown };
  const known = SPANS.some(([value]) => value === since) && GROUPS.some(([value]) => value === by);
  return known ? { since: String(since), by: String(by) } : undefined;
}
