// Fetches the program's archive, checks it against the checksum that this package carries, and unpacks it beside this file.
// BYOK_RELEASES names another place: an address, or a folder.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';

const here = path.dirname(fileURLToPath(import.meta.url));
const { version } = JSON.parse(readFileSync(path.join(here, 'package.json'), 'utf8'));
const { url, archives } = JSON.parse(readFileSync(path.join(here, 'checksums.json'), 'utf8'));

const machine = { x64: 'x86_64', arm64: 'aarch64' }[process.arch];
const isMusl = process.platform === 'linux' && existsSync(`/lib/ld-musl-${machine}.so.1`);
const system = { linux: isMusl ? 'unknown-linux-musl' : 'unknown-linux-gnu', darwin: 'apple-darwin', win32: 'pc-windows-msvc' }[process.platform];
const name = `byok-lsp-${version}-${machine}-${system}.tar.gz`;

async function fetched() {
  const from = process.env.BYOK_RELEASES ?? url;
  if (!/^https?:/.test(from)) return readFileSync(path.join(from, name));
  const answer = await fetch(`${from}/${name}`);
  if (!answer.ok) throw new Error(`${from}/${name}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
}

const wanted = archives[name];
if (!wanted) throw new Error(`there is no release for ${process.platform} on ${process.arch} (${name})`);
const archive = await fetched();
if (createHash('sha256').update(archive).digest('hex') !== wanted) throw new Error(`the checksum of ${name} is wrong; nothing was installed`);

const folder = path.join(here, 'program');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder);
const packed = path.join(folder, name);
writeFileSync(packed, archive);
// Windows 10 and later have tar, too.
execFileSync('tar', ['-xzf', packed, '-C', folder, '--strip-components=1']);
rmSync(packed);
chmodSync(path.join(folder, 'bin', process.platform === 'win32' ? 'byok-lsp.exe' : 'byok-lsp'), 0o755);
