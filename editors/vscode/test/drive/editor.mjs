// The real VS Code: code-server on loopback, looked at and typed into by headless Chromium.
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** How long anything may take on a busy machine. It is no measure of ours: everything is waited for, and nothing slept over. */
const PATIENCE_MS = 150_000;

const SETTINGS = {
  'telemetry.telemetryLevel': 'off', 'workbench.startupEditor': 'none', 'security.workspace.trust.enabled': false, 'update.mode': 'none',
  'extensions.autoUpdate': false, 'extensions.autoCheckUpdates': false, 'workbench.enableExperiments': false, 'git.enabled': false,
  'chat.disableAIFeatures': true, 'workbench.secondarySideBar.defaultVisibility': 'hidden', 'files.autoSave': 'off',
  'workbench.welcomePage.walkthroughs.openOnInstall': false, 'window.restoreWindows': 'none', 'workbench.tips.enabled': false,
  'editor.minimap.enabled': false, 'diffEditor.useInlineViewWhenSpaceIsLimited': false, 'editor.hover.delay': 100, 'editor.quickSuggestions': { other: 'off', comments: 'off', strings: 'off' },
};

/** Keeps every message that is ever shown: one that nobody looked at leaves the screen after some seconds. */
function keepMessages() {
  window.shownMessages = new Set();
  const look = () => {
    for (const it of document.querySelectorAll('.notification-list-item-message')) window.shownMessages.add(it.textContent);
  };
  new MutationObserver(look).observe(document, { childList: true, subtree: true, characterData: true });
}

export class Editor {
  /** Starts an editor with the extension unpacked at `extension`, and opens `file` in it. */
  static async open(browser, { extension, binary, files, file, settings = {}, config = '', env = {}, extensions = [], direct = false, artifacts }) {
    const dir = mkdtempSync(join(tmpdir(), 'byok-vscode-'));
    const at = (...parts) => join(dir, ...parts);
    const write = (path, text, mode) => {
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, text, { mode });
    };
    for (const [name, text] of Object.entries(files)) write(at('work', name), text);
    // What goes between the editor and the server is kept, to be searched.
    write(at('server'), `#!/bin/sh
[ "$1" = serve ] || exec "${binary}" "$@"
tee -a "${at('to-server')}" | "${binary}" "$@" 2>>"${at('server-log')}" | tee -a "${at('from-server')}"
`, 0o755);
    write(at('config.toml'), config);
    write(at('user', 'User', 'settings.json'), JSON.stringify(SETTINGS, null, 2));
    // To the browser the server is another machine, and what is for a machine alone is set there.
    write(at('user', 'Machine', 'settings.json'), JSON.stringify({ 'byok.serverPath': direct ? binary : at('server'), ...settings }, null, 2));
    cpSync(extension, at('extensions', 'byok-lsp.byok-lsp-0.1.0'), { recursive: true });
    for (const more of extensions) cpSync(more.from, at('extensions', more.as), { recursive: true });
    write(at('code-server.yaml'), 'auth: none\ncert: false\n');
    const args = ['--auth', 'none', '--bind-addr', '127.0.0.1:0', '--config', at('code-server.yaml'), '--user-data-dir', at('user'),
      '--extensions-dir', at('extensions'), '--disable-telemetry', '--disable-update-check', '--disable-workspace-trust', at('work')];
    const start = () => spawn('code-server', args, {
      env: {
        ...process.env, HOME: at('home'), BYOK_CONFIG: at('config.toml'), BYOK_LEDGER: at('ledger.db'), BYOK_CACHE: at('cache'),
        BYOK_KEYS: at('keys'), BYOK_LOG: 'byok_lsp=trace', ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const editor = new Editor(dir, artifacts);
    try {
      const port = await editor.listening(start);
      editor.page = await browser.newPage({ viewport: { width: 1180, height: 720 } });
      editor.page.setDefaultTimeout(PATIENCE_MS);
      await editor.page.addInitScript(keepMessages);
      const url = `http://127.0.0.1:${port}/?folder=${at('work')}`;
      await editor.page.goto(url, { waitUntil: 'domcontentloaded' });
      if (file !== undefined) {
        await editor.page.getByRole('treeitem', { name: file }).dblclick();
        await editor.until('the file is open', async () => (await editor.lines()).length > 0);
      }
    } catch (error) {
      await editor.failed('open', error);
      await editor.close();
      throw error;
    }
    return editor;
  }

  constructor(dir, artifacts) {
    this.dir = dir;
    this.artifacts = artifacts;
    this.output = '';
  }

  /** Starts code-server and returns its port. It gives up by itself where its own parts take more than some seconds to find each other. */
  async listening(start) {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      const port = /HTTP server listening on \S+:(\d+)/.exec(this.output)?.[1];
      if (port !== undefined) return port;
      if (this.child === undefined || this.child.exitCode !== null) {
        this.child = start();
        for (const stream of [this.child.stdout, this.child.stderr]) {
          stream.setEncoding('utf8');
          stream.on('data', (text) => { this.output += text; });
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`code-server does not listen:\n${this.output}`);
  }

  /** Waits until `test` holds; its last failure, and a picture, say what was there instead. */
  async until(what, test) {
    let last;
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      try {
        if (await test()) return;
        last = undefined;
      } catch (error) {
        last = error;
      }
      await this.page.waitForTimeout(60);
    }
    throw new Error(`never: ${what}${last === undefined ? '' : ` (${last.message})`}`);
  }

  // --- what is on the screen

  /** The lines of the editor as they are seen, without ghost text. */
  async lines() {
    return this.page.evaluate(() => [...document.querySelectorAll('.editor-instance .monaco-editor .view-line')]
      .sort((a, b) => a.offsetTop - b.offsetTop)
      .map((line) => {
        const copy = line.cloneNode(true);
        for (const ghost of copy.querySelectorAll('[class*=ghost-text]')) ghost.remove();
        return copy.textContent.replaceAll('\u00a0', ' ');
      }));
  }

  async ghost() {
    const parts = await this.page.evaluate(() => [...document.querySelectorAll('[class*=ghost-text]')].map((it) => it.textContent));
    return parts.join('').replaceAll('\u00a0', ' ');
  }

  /** The extension's item in the status bar: what is seen, and what is read out. */
  async status() {
    return this.page.evaluate(() => {
      const item = document.querySelector('.statusbar-item[id="byok-lsp.byok-lsp.byok.status"]');
      return { text: item?.textContent?.replaceAll('\u00a0', ' ') ?? '', label: item?.querySelector('[aria-label]')?.getAttribute('aria-label') ?? item?.getAttribute('aria-label') ?? '' };
    });
  }

  /** The messages that are on the screen now. */
  async notifications() {
    return this.page.evaluate(() => [...document.querySelectorAll('.notification-list-item-message')].map((it) => it.textContent));
  }

  /** The messages that have ever been. */
  async messages() {
    return this.page.evaluate(() => [...window.shownMessages]);
  }

  /** How many messages the server has sent so far in which something stands. */
  told(text) {
    return this.read('from-server').split(text).length - 1;
  }

  async expectStatus(pattern) {
    await this.until(`${pattern} in the status bar`, async () => {
      const { text } = await this.status();
      if (pattern.test(text)) return true;
      throw new Error(`it is "${text}"`);
    });
  }

  async expectGhost(pattern) {
    await this.until(`ghost text ${pattern}`, async () => {
      const ghost = await this.ghost();
      if (pattern.test(ghost)) return true;
      throw new Error(`it is "${ghost}"; lines: ${JSON.stringify(await this.lines())}`);
    });
  }

  async expectText(pattern) {
    await this.until(`${pattern} in the editor`, async () => {
      const text = (await this.lines()).join('\n');
      if (pattern.test(text)) return true;
      throw new Error(`it is ${JSON.stringify(text)}`);
    });
  }

  async expectNotification(pattern) {
    await this.until(`a message ${pattern}`, async () => {
      const all = await this.messages();
      if (all.some((text) => pattern.test(text))) return true;
      throw new Error(`there are ${JSON.stringify(all)}`);
    });
  }

  /** Waits for something in a view that is a page of its own. */
  async expectInView(pattern) {
    await this.until(`${pattern} in a view`, async () => {
      for (const frame of this.page.frames()) {
        const text = await frame.evaluate(() => document.body?.innerText ?? '').catch(() => '');
        if (frame !== this.page.mainFrame() && pattern.test(text)) return true;
      }
      return false;
    });
  }

  async screenshot(name) {
    // For the eye only: what slides in should have arrived.
    await this.page.waitForTimeout(400);
    await this.page.screenshot({ path: join(this.artifacts, `${name}.png`) });
  }

  // --- what a user does

  async keys(...keys) {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  async type(text, delay = 40) {
    await this.page.keyboard.type(text, { delay });
  }

  /** Puts the cursor at the end of a line, counted from 1. */
  async goTo(line) {
    // No click, which a message or a card may be in the way of.
    await this.until('the box for a line', async () => {
      await this.keys('Control+g');
      await this.page.locator('.quick-input-widget:visible input').waitFor({ timeout: 5_000 });
      return true;
    });
    await this.type(`${line}`, 10);
    await this.keys('Enter');
    await this.page.locator('.quick-input-widget:visible').waitFor({ state: 'hidden' });
    await this.until('the editor has the keyboard', () => this.page.evaluate(() => document.activeElement?.closest('.editor-instance .monaco-editor') !== null));
    await this.keys('End');
  }

  /** Types into an empty line until ghost text is seen behind it: the embedded engine reads a file a moment after it is opened. */
  async typeUntilGhost(line, text, pattern, ms = 12_000) {
    await this.goTo(line);
    await this.until(`ghost text ${pattern}`, async () => {
      await this.type(text);
      let ghost = '';
      for (const end = Date.now() + ms; Date.now() < end;) {
        ghost = await this.ghost();
        if (pattern.test(ghost)) return true;
        await this.page.waitForTimeout(60);
      }
      await this.goTo(line);
      await this.keys('Home', 'Home', 'Shift+End', 'Delete');
      throw new Error(`it was "${ghost}"`);
    });
  }

  /** Brings a file's tab to the front. */
  async focus(name) {
    await this.page.locator('.tab', { hasText: name }).first().click();
  }

  /** Runs a command by its title in the palette. */
  async command(title) {
    await this.keys('F1');
    const input = this.page.locator('.quick-input-widget:visible input');
    await input.waitFor();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row', { hasText: title }).first().click();
  }

  /** Chooses a row of the list that is open. */
  async choose(text) {
    await this.page.locator('.quick-input-widget:visible .monaco-list-row', { hasText: text }).first().click();
  }

  /** What stands in the list that is open. */
  async offered() {
    await this.page.locator('.quick-input-widget:visible .monaco-list-row').first().waitFor();
    return this.page.evaluate(() => [...document.querySelectorAll('.quick-input-list .monaco-list-row')].map((row) => row.textContent.replaceAll('\u00a0', ' ')));
  }

  /** Waits until the list that is open offers something. */
  async expectOffered(pattern) {
    await this.until(`${pattern} in the list`, async () => {
      const offered = await this.offered();
      if (offered.some((row) => pattern.test(row))) return true;
      throw new Error(`it offers ${JSON.stringify(offered)}`);
    });
  }

  /**
   * Types a space where nothing is known yet, and another one once what the one before brought about has had its time, until something holds:
   * how many calls a line takes is for the pauses in typing to say, and after a step back nobody is asked.
   */
  async asksUntil(what, test, ms = 12_000) {
    await this.until(what, async () => {
      await this.type(' ');
      let last;
      for (const end = Date.now() + ms; Date.now() < end;) {
        try {
          if (await test()) return true;
          last = undefined;
        } catch (error) {
          last = error;
        }
        await this.page.waitForTimeout(100);
      }
      if (last !== undefined) throw last;
      return false;
    });
  }

  async press(button) {
    const buttons = this.page.locator('.notification-list-item .monaco-button', { hasText: button });
    await this.until(`the button "${button}"`, async () => {
      // A message that nobody looked at is in the list behind the bell.
      if ((await buttons.count()) === 0) await this.command('Notifications: Show Notifications');
      await buttons.first().click({ timeout: 5_000 });
      return true;
    });
  }

  // --- what is left behind

  read(name) {
    return existsSync(join(this.dir, name)) ? readFileSync(join(this.dir, name), 'utf8') : '';
  }

  /** Every file below the editor's folder, with its bytes. */
  * everything(dir = this.dir) {
    for (const entry of readdirSync(dir, { withFileTypes: true })) {
      const path = join(dir, entry.name);
      if (entry.isDirectory()) yield* this.everything(path);
      else if (entry.isFile()) yield [path, readFileSync(path)];
    }
  }

  /** Looks for a secret in everything that was written, said, logged and shown; returns the places. */
  async placesOf(secret) {
    const shapes = [secret, Buffer.from(secret).toString('base64').slice(0, 24), encodeURIComponent(secret), secret.slice(3, 24)];
    const has = (bytes) => shapes.some((shape) => bytes.includes(shape));
    const places = [];
    for (const [path, bytes] of this.everything()) {
      if (has(bytes)) places.push(path);
    }
    if (has(await this.page.evaluate(() => document.body.textContent))) places.push('the screen');
    if (has(this.output)) places.push('the output of code-server');
    return places;
  }

  /** Keeps what is of use when a test has failed. */
  async failed(name, error) {
    const slug = name.replaceAll(/[^\w]+/g, '-').slice(0, 60);
    await this.page?.screenshot({ path: join(this.artifacts, `failed-${slug}.png`) }).catch(() => {});
    writeFileSync(join(this.artifacts, `failed-${slug}.log`), [error.stack, this.output, this.read('to-server'), this.read('from-server'), this.read('server-log')].join('\n\n=====\n'));
  }

  async close() {
    await this.page?.close().catch(() => {});
    const ended = new Promise((resolve) => this.child?.once('exit', resolve));
    if (this.child?.exitCode === null) {
      this.child.kill('SIGTERM');
      const forced = setTimeout(() => this.child.kill('SIGKILL'), 8_000);
      await ended;
      clearTimeout(forced);
    }
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 10 });
  }
}
