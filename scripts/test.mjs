// `npm test [-- --slow] [-- files]`: set-up, the static checks beside it, then vitest. The last line is `N passed, N failed`.

import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { run } from './setup/command.mjs';
import { root } from './setup/paths.mjs';
import { log, main, setup } from './setup.mjs';
import { countReport } from './test-report.mjs';

const bin = (...path) => join(root, 'node_modules', ...path);
const TSC = bin('typescript-native', 'bin', 'tsc');
const CHECKS = {
  types: [TSC, '--noEmit', '-p', 'tsconfig.json'],
  'types of browser scripts': [TSC, '--noEmit', '-p', 'tsconfig.browser.json'],
  'types of detlab/web': [TSC, '--noEmit', '--emitDeclarationOnly', 'false', '-p', 'tsconfig.web.json'],
  lint: [bin('@biomejs', 'biome', 'bin', 'biome'), 'check', '.'],
  imports: [
    bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
    'src',
    'kernels',
    '--config',
    '.dependency-cruiser.cjs',
  ],
  'imports of detlab/web': [
    bin('dependency-cruiser', 'bin', 'dependency-cruise.mjs'),
    'src/web',
    '--config',
    '.dependency-cruiser.web.cjs',
  ],
};

/** Runs the static checks side by side. */
async function runChecks() {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const check = async ([name, args]) => {
    const started = Date.now();
    const { code, output } = await run(process.execPath, args);
    console.log(`${code === 0 ? 'ok  ' : 'FAIL'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (code !== 0) console.log(output.trimEnd());
    counts[code === 0 ? 'passed' : 'failed']++;
  };
  await Promise.all(Object.entries(CHECKS).map(check));
  return counts;
}

async function runVitest(args, slow) {
  const folder = mkdtempSync(join(tmpdir(), 'detlab-test-'));
  const file = join(folder, 'report.json');
  try {
    const env = { ...process.env, ...(slow ? { DETLAB_SLOW: '1' } : {}) };
    const vitest = [
      bin('vitest', 'vitest.mjs'),
      'run',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${file}`,
    ];
    const code = await new Promise((resolve) => {
      spawn(process.execPath, [...vitest, ...args], { cwd: root, env, stdio: 'inherit' }).on('close', resolve);
    });
    let counts;
    try {
      counts = countReport(JSON.parse(readFileSync(file, 'utf8')));
    } catch {
      console.log(`vitest wrote no report (exit code ${code})`);
      return { passed: 0, failed: 1, skipped: 0 };
    }
    // an unhandled error outside any test fails the run without failing a test
    if (code !== 0 && counts.failed === 0) counts.failed = 1;
    return counts;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

await main(async () => {
  const slow = process.argv.includes('--slow');
  const args = process.argv.slice(2).filter((arg) => arg !== '--slow');
  let checks; // with files as arguments: only those tests
  const { torch } = await setup(() => {
    if (args.length === 0) checks = runChecks();
  });
  if (!torch) log('tests run on the wasm engine; those of the torch engine and of Jupyter are skipped');
  const counts = { passed: 0, failed: 0, skipped: 0 };
  const add = (more) => {
    for (const key of Object.keys(counts)) counts[key] += more[key];
  };
  if (checks) add(await checks);
  add(await runVitest(args, slow));
  if (counts.skipped) console.log(`${counts.skipped} skipped`);
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed ? 1 : 0;
});
