// Whether Node.js takes a file for an ES module: by its extension, or by the `type` of the package it lies in.

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
    const above = dirname(directory);
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    if (missing && above !== directory && !/[/\\]node_modules$/.test(directory)) result = packageIsModule(above);
  }
  types.set(directory, result);
  return result;
}

export function isEsModule(path: string): boolean {
  const extension = extname(path);
  return extension === '.mjs' || (extension === '.js' && packageIsModule(dirname(path)));
}
