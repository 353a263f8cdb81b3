// Loads TypeScript with the compiled code of an earlier start (V8's code cache), which saves most of the time that parsing
// nine megabytes and compiling the functions in use takes. Without such a file, or with one of another Node
// or TypeScript, it is loaded as usual; `keep` then writes the file.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import vm from 'node:vm';
import { places } from '../../../src/paths';

const PREFIX = 'typescript-';
const DIGEST_BYTES = 32;

const digest = (data: Uint8Array) => createHash('sha256').update(data).digest();

/** The file's name says what it was made of. */
function cacheFile(folder: string, path: string): string {
  const { size, mtimeMs } = statSync(path);
  const made = [process.version, process.arch, process.versions.v8, path, size, mtimeMs, process.execArgv].join('\n');
  return join(folder, `${PREFIX}${digest(Buffer.from(made)).toString('hex').slice(0, 16)}.bin`);
}

/** The code in a file; undefined for a file that is missing or damaged, which V8 would not notice. */
function readCode(file: string): Buffer | undefined {
  try {
    const bytes = readFileSync(file);
    const code = bytes.subarray(DIGEST_BYTES);
    return digest(code).equals(bytes.subarray(0, DIGEST_BYTES)) ? code : undefined;
  } catch {
    return undefined;
  }
}

function writeCode(file: string, code: Buffer): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  const partial = `${file}.${process.pid}`;
  writeFileSync(partial, Buffer.concat([digest(code), code]));
  for (const name of readdirSync(folder)) {
    if (name.startsWith(PREFIX) && name.endsWith('.bin')) rmSync(join(folder, name), { force: true });
  }
  renameSync(partial, file);
}

export interface Loaded {
  /** Whether the file's code was used. */
  fromCache: boolean;
  /** Writes the file if there is none that could be used, with the functions that have been compiled by now. */
  keep(): void;
}

/** Loads a CommonJS module, such as TypeScript, for all that require it later. */
export function loadCompiled(path: string, folder = places.cache()): Loaded {
  const file = cacheFile(folder, path);
  const cachedData = readCode(file);
  const columnOffset = -Module.wrap('').indexOf('\n'); // of the function around the module
  const script = new vm.Script(Module.wrap(readFileSync(path, 'utf8')), { filename: path, columnOffset, cachedData });
  const module = new Module(path);
  module.filename = path;
  const require = Module.createRequire(path);
  require.cache[path] = module;
  try {
    const load = script.runInThisContext() as (...scope: unknown[]) => void;
    load.call(module.exports, module.exports, require, module, path, dirname(path));
  } catch (error) {
    delete require.cache[path];
    throw error;
  }
  module.loaded = true;
  const fromCache = cachedData !== undefined && script.cachedDataRejected === false;
  return {
    fromCache,
    keep() {
      if (fromCache) return;
      try {
        writeCode(file, script.createCachedData());
      } catch {
        // a folder that cannot be written: the next start takes as long
      }
    },
  };
}
