// The folder of the package, the same for `src/` (tests) and `dist/src/` (built).

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
