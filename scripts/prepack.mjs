// Before `npm pack`: compiles the sources anew, so that the tarball has nothing of files that are gone.

import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './setup/paths.mjs';

rmSync(join(root, 'dist'), { recursive: true, force: true });
const tsc = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
const steps = [
  [tsc, '-p', 'tsconfig.build.json'],
  [tsc, '-p', 'tsconfig.browser.json'],
  [join('scripts', 'setup', 'built-in-configs.mjs')],
];
for (const step of steps) {
  const { status } = spawnSync(process.execPath, step, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
  if (status !== 0) process.exit(status ?? 1);
}
