// dist/: the project compiled by its own TypeScript (`npx tsc` is the older one tslab brings).

import { join } from 'node:path';
import { run } from './command.mjs';
import { isBuilt, root } from './paths.mjs';
import { digest, digestTree, isDone, markDone } from './stamp.mjs';

const BUILT_IN_CONFIGS = 'scripts/setup/built-in-configs.mjs';

const wanted = () =>
  digest(
    [digestTree(['src', 'kernels/jupyter', 'configs'], /\.(ts|json)$/)],
    ['package-lock.json', 'tsconfig.json', 'tsconfig.build.json', BUILT_IN_CONFIGS],
  );

export const compiled = () => isBuilt() && isDone('compile', wanted());

/** Compiles. Returns false when there are type errors: they are printed, and the output is there all the same. */
export async function compile(log) {
  if (compiled()) return true;
  log('compiling TypeScript to dist/');
  const before = wanted();
  const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const { code, output } = await run(process.execPath, [tsc, '-p', 'tsconfig.build.json']);
  if (code === 0) {
    const written = await run(process.execPath, [join(root, BUILT_IN_CONFIGS)]);
    if (written.code !== 0)
      log(`the config types could not be written out, so their completion is slow:\n${written.output.trimEnd()}`);
    markDone('compile', before);
    return true;
  }
  if (!isBuilt()) throw new Error(`TypeScript could not compile the project:\n${output}`);
  log(`the sources have type errors:\n${output.trimEnd()}`);
  return false;
}
