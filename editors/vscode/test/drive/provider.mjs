// The scripted provider on loopback (tests/support/scripted_provider.py).
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../../tests/support/scripted_provider.py', import.meta.url));

export class Provider {
  static async start({ script = [], key } = {}) {
    const args = [PROGRAM, '--script', JSON.stringify(script), ...(key === undefined ? [] : ['--key', key])];
    const child = spawn('python3', args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const url = await new Promise((resolve, reject) => {
      child.stdout.setEncoding('utf8');
      child.stdout.once('data', (text) => resolve(text.trim()));
      child.once('exit', () => reject(new Error('the scripted provider does not start')));
    });
    return new Provider(child, url);
  }

  constructor(child, url) {
    this.child = child;
    this.url = url;
  }

  /** Its answers from now on. */
  async script(replies) {
    await fetch(new URL('/test/script', this.url), { method: 'POST', body: JSON.stringify(replies) });
  }

  async requests() {
    return (await fetch(new URL('/test/requests', this.url))).json();
  }

  stop() {
    this.child.kill();
  }
}

/** The user's own file that makes it the provider `mock`; 3 and 20 dollars a million tokens. An editor's settings could not name the variable. */
export function mock(url, { wire = 'openai-completions', key = '{ env = "MOCK_KEY" }' } = {}) {
  return `[providers.mock]
wire = "${wire}"
base_url = "${url}"
key = ${key}
[providers.mock.prices]
small = { input = "3 USD", output = "20 USD" }
large = { input = "30 USD", output = "90 USD" }
`;
}
