/**
 * The server's settings, out of the editor's `byok.*`.
 *
 * Only what somebody wrote is sent: the editor's settings are laid over the user's own file, where a default would hide what stands there.
 */

/** What the editor knows of one setting. */
export interface Inspected {
  readonly globalValue?: unknown;
  readonly workspaceValue?: unknown;
  readonly workspaceFolderValue?: unknown;
}

/** The settings that this extension declares: by name (`byok.completion.model`), where they may be set. */
export type Declared = Readonly<Record<string, { readonly scope?: string }>>;

/** Settings of the extension itself, of which the server knows nothing. */
const OWN = new Set(['byok.serverPath', 'byok.previewEdits', 'byok.trace.server']);

/** Returns what the server is to be told: `{completion: {model: ...}, ...}`. */
export function serverSettings(declared: Declared, inspect: (name: string) => Inspected | undefined): Record<string, unknown> {
  const settings: Record<string, unknown> = {};
  for (const [name, { scope }] of Object.entries(declared)) {
    if (OWN.has(name)) continue;
    const value = chosen(inspect(name), scope);
    if (value === undefined || value === null) continue;
    const [section, key] = name.replace(/^byok\./, '').split('.');
    if (section === undefined) continue;
    if (key === undefined) {
      settings[section] = value;
    } else {
      settings[section] = { ...(settings[section] as object | undefined), [key]: value };
    }
  }
  return settings;
}

/** Takes the strongest value; where a workspace has no say, the user's alone, whatever the editor makes of a workspace's file. */
function chosen(value: Inspected | undefined, scope: string | undefined): unknown {
  if (value === undefined) return undefined;
  if (scope === 'machine' || scope === 'application') return value.globalValue;
  return value.workspaceFolderValue ?? value.workspaceValue ?? value.globalValue;
}
