// Bundles the extension into dist/, and with --tests its tests into out/.
import { build } from 'esbuild';
import { copyFileSync, mkdirSync, readdirSync } from 'node:fs';

const common = { bundle: true, platform: 'node', target: 'node20', format: 'cjs', external: ['vscode'], logLevel: 'warning', legalComments: 'none' };

// Two files: the small one is read when the editor starts, the language client only when the server is about to start.
for (const [entry, outfile] of [['src/extension.ts', 'dist/extension.js'], ['src/server/client.ts', 'dist/client.js']]) {
  await build({ ...common, entryPoints: [entry], outfile, minify: true, mainFields: ['module', 'main'] });
}

// The usage view draws with what the server's own HTML report draws with.
const report = '../../src/cost/report/page';
mkdirSync('dist/report', { recursive: true });
for (const file of ['charts.js', 'report.css', 'vendor/chart.js', 'vendor/LICENSE-chart.js.md']) copyFileSync(`${report}/${file}`, `dist/report/${file.replace('vendor/', '')}`);

if (process.argv.includes('--tests')) {
  const unit = readdirSync('test/unit').filter((name) => name.endsWith('.test.ts')).map((name) => `test/unit/${name}`);
  await build({ ...common, entryPoints: unit, outdir: 'out/unit', format: 'esm', outExtension: { '.js': '.mjs' }, sourcemap: 'inline' });
  await build({ ...common, entryPoints: ['test/host/extension.ts'], outdir: 'out/host', sourcemap: 'inline' });
  copyFileSync('test/host/package.json', 'out/host/package.json');
}
