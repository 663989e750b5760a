/** Where the server's program is: the one that the user names, the one that came with the extension, the one on the PATH. */

import { access, constants, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

export interface Places {
  /** The setting `byok.serverPath`; empty where there is none. */
  readonly setting: string;
  readonly extensionFolder: string;
  readonly path: string;
  readonly platform: NodeJS.Platform;
}

export type Found = { readonly program: string; readonly from: 'setting' | 'bundled' | 'path' } | { readonly missing: string };

/** Finds the program, or says in a sentence why there is none. A path that the user names is never passed over in silence. */
export async function findServer(places: Places, isProgram: (file: string) => Promise<boolean> = isExecutable): Promise<Found> {
  const name = places.platform === 'win32' ? 'byok-lsp.exe' : 'byok-lsp';
  const setting = places.setting.trim().replace(/^~(?=[/\\])/, homedir());
  if (setting !== '') {
    if (!isAbsolute(setting)) return { missing: `the setting byok.serverPath must be a whole path, and "${setting}" is none` };
    if (await isProgram(setting)) return { program: setting, from: 'setting' };
    return { missing: `there is no program at ${setting}, where the setting byok.serverPath says it is` };
  }
  const bundled = join(places.extensionFolder, 'server', name);
  if (await isProgram(bundled)) return { program: bundled, from: 'bundled' };
  // An entry that is not a whole path means whatever folder happens to be open, which may be anybody's.
  for (const folder of places.path.split(delimiter).filter(isAbsolute)) {
    const program = join(folder, name);
    if (await isProgram(program)) return { program, from: 'path' };
  }
  return { missing: `${name} is not on the PATH, and none came with this extension` };
}

async function isExecutable(file: string): Promise<boolean> {
  try {
    await access(file, constants.X_OK);
    return (await stat(file)).isFile();
  } catch {
    return false;
  }
}
