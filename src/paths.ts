// The folder of the package, the same for `src/` (tests) and `dist/src/` (built), and paths in messages.

import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';

function findRoot(): string {
  for (let dir = __dirname; ; dir = path.dirname(dir)) {
    const file = path.join(dir, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'detlab') return dir;
    if (path.dirname(dir) === dir) return path.resolve(__dirname, '..');
  }
}

/** The folder with this package's package.json, `configs/`, `kernels/` and `dist/`. */
export const packageRoot = findRoot();

/**
 * A message with the paths below the working directory as seen from there: shorter, and a shared log or notebook has no path of
 * the machine.
 */
export function withRelativePaths(message: string): string {
  return message.replaceAll(`${process.cwd()}${path.sep}`, '');
}
