/** The tests themselves. The server is the real one, without a key and without a network. */

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import * as vscode from 'vscode';

export interface Api {
  /** In milliseconds of the thread's work, which what else the machine does is not in. */
  readonly activation: number;
  status(): { text: string; spoken: string | undefined };
  life(): string;
  calls(): readonly { provider: string; cost: { source: string } }[];
}

const MOST_ACTIVATION_MS = 50;

/** Waits for something that the editor or the server brings about. */
async function until(what: string, test: () => boolean | Promise<boolean>): Promise<void> {
  const end = Date.now() + 30_000;
  while (!(await test())) {
    if (Date.now() > end) throw new Error(`never: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** The processes below one, as Linux tells them. */
function descendants(of: number): { pid: number; name: string; state: string }[] {
  const all = readdirSync('/proc').filter((entry) => /^\d+$/.test(entry)).flatMap((entry) => {
    try {
      const [, pid, name, state, parent] = /^(\d+) \((.*)\) (\S) (\d+)/s.exec(readFileSync(`/proc/${entry}/stat`, 'utf8')) ?? [];
      return [{ pid: Number(pid), name: name ?? '', state: state ?? '', parent: Number(parent) }];
    } catch {
      return [];
    }
  });
  const below = (pid: number): typeof all => all.filter((it) => it.parent === pid).flatMap((it) => [it, ...below(it.pid)]);
  return below(of);
}

/** The servers that run below this process: one that has ended, and was not waited for yet, is none. */
function servers(): number[] {
  return descendants(process.pid).filter((it) => it.name === 'byok-lsp' && it.state !== 'Z').map((it) => it.pid);
}

function lines(name: string): string[] {
  return [`pub fn ${name}(path: &Path) -> std::io::Result<usize> {`, '    let reader = BufReader::new(File::open(path)?);', `    Ok(reader.lines().${name}())`, '}', ''];
}

export const PATTERNS = ['use std::fs::File;', '', ...['count', 'longest', 'shortest', 'first'].flatMap(lines)].join('\n');

/** Returns the tests in their order. */
export function tests(api: Api): [string, () => Promise<void>][] {
  return [
    [`activation takes less than ${MOST_ACTIVATION_MS} ms`, async () => {
      assert.ok(api.activation < MOST_ACTIVATION_MS, `${api.activation} ms`);
    }],
    ['the server comes up by itself', () => until('running', () => api.life() === 'running')],
    ['every command of the palette is registered', async () => {
      const extension = vscode.extensions.getExtension('byok-lsp.byok-lsp');
      const all = new Set(await vscode.commands.getCommands(true));
      for (const { command } of extension?.packageJSON.contributes.commands ?? []) assert.ok(all.has(command), command);
      assert.ok(all.has('byok.action'), 'the server\'s own');
    }],
    ['the status bar item has words for a screen reader', async () => {
      await until('a model in the status bar', () => /\$\(sparkle\)/.test(api.status().text));
      assert.match(api.status().spoken ?? '', /^BYOK: \S+, paid by nobody/);
    }],
    ['a workspace cannot name the server, a provider or a model', async () => {
      for (const name of ['serverPath', 'providers', 'completion.model', 'budget.day']) {
        await assert.rejects(async () => vscode.workspace.getConfiguration('byok').update(name, 'theirs', vscode.ConfigurationTarget.Workspace), name);
      }
    }],
    ['code actions are asked for without a call to a model', async () => {
      const document = await vscode.workspace.openTextDocument({ language: 'rust', content: PATTERNS });
      await vscode.window.showTextDocument(document);
      const calls = api.calls().length;
      await vscode.commands.executeCommand('vscode.executeCodeActionProvider', document.uri, new vscode.Range(3, 0, 3, 10));
      assert.equal(api.calls().length, calls);
    }],
    ['a server that is killed comes back by itself', async () => {
      const [server] = servers();
      assert.ok(server !== undefined, 'it runs below this process');
      process.kill(server, 'SIGKILL');
      // By its process, since the time in which none runs may be shorter than a look.
      await until('another one runs', () => servers().some((pid) => pid !== server) && api.life() === 'running');
    }],
    ['the user restarts it', async () => {
      const before = servers();
      await vscode.commands.executeCommand('byokLsp.restart');
      await until('another one runs, and it alone', () => {
        const [after, ...more] = servers();
        return after !== undefined && more.length === 0 && !before.includes(after) && api.life() === 'running';
      });
    }],
  ];
}
