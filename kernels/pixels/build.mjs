// Builds the pixel kernels of the loader's threads (kernels/pixels/src) with plain g++: some seconds, and no libraries.
// Where there is no compiler, src/data/pixels computes the same in TypeScript.
//
//   node kernels/pixels/build.mjs

import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import places from '../../scripts/setup/places.cjs';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const sources = path.join(here, 'src');
const build = places.buildFolder('pixels');
const target = path.join(build, 'detlab_pixels.node');
const stampFile = path.join(build, 'stamp');

/** No fused products except those that are written: the values are OpenCV's bit for bit. */
const FLAGS = [
  ...['-O3', '-march=native', '-std=c++17', '-fPIC', '-shared', '-ffp-contract=off', '-fno-math-errno'],
  ...['-fno-trapping-math', '-fvisibility=hidden', '-Wall', '-DNDEBUG', '-DNAPI_VERSION=8'],
];

/**
 * Builds the module unless it is up to date.
 * @throws when it does not compile; what was built before is kept
 */
export async function buildPixelKernels({ log = () => {} } = {}) {
  const compiler = process.env.CXX ?? 'g++';
  const files = readdirSync(sources).sort().map((file) => path.join(sources, file));
  const hash = createHash('sha256').update([compiler, places.processor(), ...FLAGS].join('\0'));
  for (const file of files) hash.update(readFileSync(file));
  const stamp = hash.digest('hex');
  if (existsSync(target) && existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) return;
  log("building the loader's pixel kernels");
  const headers = path.dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json'));
  const units = files.filter((file) => file.endsWith('.cpp'));
  const partial = `${target}.${process.pid}`;
  mkdirSync(build, { recursive: true });
  await run(compiler, [...FLAGS, '-isystem', path.join(headers, 'include'), ...units, '-o', partial]);
  renameSync(partial, target);
  writeFileSync(`${stampFile}.${process.pid}`, stamp);
  renameSync(`${stampFile}.${process.pid}`, stampFile);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href)
  await buildPixelKernels({ log: (line) => console.log(line) });
