// `import * as tf from '@tensorflow/tfjs'` in dist/: TypeScript compiles it to a copy of the namespace in each module, since the
// package is not marked as an ES module: 513 getters in each of 270 modules, which take 25 MB and a fifth of the time to import
// them. The package itself has the same names, whose values never change: each module reads it as it is.

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from './paths.mjs';

const COPIED = '__importStar(require("@tensorflow/tfjs"))';
const SHARED = 'require("@tensorflow/tfjs")';

/** Rewrites the compiled modules of a folder; returns how many. */
export function shareNamespaces(folder = join(root, 'dist')) {
  let count = 0;
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.js')) continue;
    const file = join(entry.parentPath ?? entry.path, entry.name);
    const code = readFileSync(file, 'utf8');
    if (!code.includes(COPIED)) continue;
    writeFileSync(file, code.replaceAll(COPIED, SHARED));
    count++;
  }
  return count;
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) shareNamespaces();
