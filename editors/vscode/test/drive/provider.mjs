// The scripted provider on loopback (tests/support/scripted_provider.py).
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../../../../tests/support/scripted_provider.py', import.meta.url));

export class Provider {
  static async start({ script = [], key, signedIn } = {}) {
    const args = [PROGRAM, '--script', JSON.stringify(script), ...(key === undefined ? [] : ['--key', key]), ...(signedIn === undefined ? [] : ['--signed-in', signedIn])];
    const provider = new Provider(args);
    await provider.up();
    return provider;
  }

  constructor(args) {
    this.args = args;
  }

  /** Starts it; again where it was before, if it has been up. */
  async up() {
    const port = this.url === undefined ? [] : ['--port', new URL(this.url).port];
    this.child = spawn('python3', [...this.args, ...port], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.url = await new Promise((resolve, reject) => {
      this.child.stdout.setEncoding('utf8');
      this.child.stdout.once('data', (text) => resolve(text.trim()));
      this.child.once('exit', () => reject(new Error('the scripted provider does not start')));
    });
  }

  /** Ends it, so that nobody answers there. */
  async down() {
    const ended = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill('SIGKILL');
    await ended;
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
