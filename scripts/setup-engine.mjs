// Sets up the torch engine of an installed package, at its first use or by `npx detlab setup`: installs libtorch by pip where no
// Python has it, and builds the engine and the loader's pixel kernels. Exit code 1, with the reason in one line, where that
// cannot be; one that took time to find is kept, so that a program that runs often does not try it each time.

import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTorch } from '../kernels/torch/find-torch.mjs';
import { withLock } from './setup/lock.mjs';
import { state } from './setup/paths.mjs';
import { buildPixels } from './setup/pixel-kernels.mjs';
import places from './setup/places.cjs';
import { installTorch } from './setup/python-packages.mjs';
import { buildEngine, compilerMissing, LOST } from './setup/torch-engine.mjs';
import { printLine, secondsSince, withStatus } from './terminal.mjs';

const log = (message) => printLine(`[detlab] ${message}`);
const failure = join(state, 'engine-failure.json');
/** By an engine that starts: it reports the reason itself. */
const firstUse = process.argv[2] === '--first-use';
const offline = /^(1|true|yes|on)$/i.test(process.env.DETLAB_OFFLINE ?? '');

/** What is being done, and since when. */
let step = '';
let began = Date.now();

async function during(name, work) {
  [step, began] = [name, Date.now()];
  try {
    return await work();
  } finally {
    step = '';
  }
}

/** Sets the engine up; returns the reason where that cannot be, and whether finding it took long. */
async function setUp() {
  const missing = await compilerMissing();
  if (missing) return { reason: missing };
  const found = findTorch();
  if (!found && offline) return { reason: `no Python has torch and DETLAB_OFFLINE is set: ${LOST}` };
  if (firstUse)
    log(`the torch engine is set up, once for all projects, in ${places.home()} (DETLAB_ENGINE=wasm works without it)`);
  const pixels = buildPixels(log).then((problem) => problem && log(problem));
  try {
    if (!found) {
      const problem = await during('torch', () => installTorch(log));
      if (problem) return { reason: problem, costly: problem.startsWith('pip ') };
    }
    return { reason: await during('building', () => buildEngine(log)), costly: true };
  } finally {
    await pixels;
  }
}

try {
  mkdirSync(state, { recursive: true });
} catch (error) {
  console.error(
    `[detlab] the torch engine has no place: ${error.message}. Set DETLAB_HOME to a folder that can be written`,
  );
  process.exit(1);
}
const status = () => (step ? `[detlab]   ${step}: ${secondsSince(began)}` : '');
const { reason, costly } = await withStatus(status, () => withLock(log, setUp));
if (reason) {
  if (!firstUse) log(reason);
  writeFileSync(failure, JSON.stringify({ reason, costly: costly === true, at: Date.now() }));
  process.exitCode = 1;
} else {
  rmSync(failure, { force: true });
  log('the torch engine is ready');
}
