// Whether Node.js treats a file as an ES module: by its extension, or by the `type` of its package.

import { readFileSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';

const types = new Map<string, boolean>();

function packageIsModule(directory: string): boolean {
  const known = types.get(directory);
  if (known !== undefined) return known;
  let result = false;
  try {
    result = JSON.parse(readFileSync(join(directory, 'package.json'), 'utf8')).type === 'module';
  } catch (error) {
    const parent = dirname(directory);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && parent !== directory && !/[/\\]node_modules$/.test(directory)) result = packageIsModule(parent);
  }
  types.set(directory, result);
  return result;
}

export function isEsModule(path: string): boolean {
  const extension = extname(path);
  return extension === '.mjs' || (extension === '.js' && packageIsModule(dirname(path)));
}
