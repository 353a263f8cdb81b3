// dist/: the compiled project, by TypeScript's native compiler: a third of the processor time of the one in JavaScript, which the
// kernel uses, since only that one has an API for compiling cells. In one thread, since several infer the same types anew: twice the
// time and memory.

import { join } from 'node:path';
import { run } from './command.mjs';
import { shareNamespaces } from './namespaces.mjs';
import { isBuilt, root } from './paths.mjs';
import { digest, digestTree, isDone, markDone } from './stamp.mjs';

const BUILT_IN_CONFIGS = 'scripts/setup/built-in-configs.mjs';

const WEB_BUNDLE = 'scripts/setup/web-bundle.mjs';

const NAMESPACES = 'scripts/setup/namespaces.mjs';

/** The library and the kernel, for Node; the scripts of interactive displays, and the types of detlab/web, for browsers. */
const PROJECTS = ['tsconfig.build.json', 'tsconfig.browser.json', 'tsconfig.web.json'];

const inputs = () =>
  digest(
    [digestTree(['src', 'kernels/jupyter', 'configs'], /\.(ts|json)$/)],
    ['package-lock.json', 'tsconfig.json', ...PROJECTS, BUILT_IN_CONFIGS, WEB_BUNDLE, NAMESPACES],
  );

export const compiled = () => isBuilt() && isDone('compile', inputs());

/**
 * Compiles the project, without checking its types, which takes twice as long: `npm run check` and `npm test` do. Returns false for
 * syntax errors, which are printed; the output is written nevertheless.
 */
export async function compile(log) {
  if (compiled()) return true;
  log('compiling TypeScript to dist/');
  const before = inputs();
  const tsc = join(root, 'node_modules', 'typescript-native', 'bin', 'tsc');
  let [code, output] = [0, ''];
  for (const project of PROJECTS) {
    const compiling = await run(process.execPath, [tsc, '-p', project, '--noCheck', '--singleThreaded']);
    code ||= compiling.code;
    output += compiling.output;
  }
  if (isBuilt()) shareNamespaces();
  if (code === 0) {
    const bundled = await run(process.execPath, [join(root, WEB_BUNDLE)]);
    if (bundled.code !== 0) throw new Error(`esbuild could not bundle the library for browsers:\n${bundled.output}`);
    const written = await run(process.execPath, [join(root, BUILT_IN_CONFIGS)]);
    if (written.code !== 0)
      log(
        `completion of configs will be slow, since the config types could not be written:\n${written.output.trimEnd()}`,
      );
    markDone('compile', before);
    return true;
  }
  if (!isBuilt()) throw new Error(`TypeScript could not compile the project:\n${output}`);
  log(`the sources have errors:\n${output.trimEnd()}`);
  return false;
}
