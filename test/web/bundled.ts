// Bundles the library for browsers of the sources as they are, once for the tests of a file.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { packageRoot } from '../../src/paths';

export function bundled(): void {
  const { status, stderr } = spawnSync(process.execPath, [join(packageRoot, 'scripts/setup/web-bundle.mjs')]);
  if (status !== 0) throw new Error(`esbuild could not bundle the library for browsers: ${stderr}`);
}
