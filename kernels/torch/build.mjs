// Builds the torch engine's native module with plain g++ against the libtorch inside the `torch` wheel. Reading
// libtorch's headers takes longer than most files do, so that many files are compiled as a few: a group for each core.
// Of a file that is edited only its group is compiled again, in smaller groups, and at last the file alone.
//
// A stamp of sources, torch, compiler and processor makes a second call instant; every file is written under a temporary
// name and renamed, so an interrupted build leaves no partial file.
//
//   node kernels/torch/build.mjs

import { createHash } from 'node:crypto';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import places from '../../scripts/setup/places.cjs';
import { findTorch } from './find-torch.mjs';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const sources = path.join(here, 'src');
const build = places.buildFolder('torch');
/** Gloo's headers, which no wheel has, by the names that libtorch's headers include. */
const declarations = path.join(build, 'declarations');
const GLOO = ['algorithm', 'common/error', 'config', 'context', 'rendezvous/store', 'transport/device'];
const target = path.join(build, 'detlab_torch.node');
const stampFile = path.join(build, 'stamp.json');

const SETUP = places.isCheckout ? 'run "npm run setup"' : 'run "npx detlab setup"';

/** Each takes up to 2 GB of memory. */
const MAX_GROUPS = 4;

/** The reason why the engine cannot be built, for the user. */
export class BuildError extends Error {
  name = 'BuildError';
}

/** Folders with the CUDA toolkit's headers, which libtorch's CUDA headers include; CUDA wheels install them as packages. */
function cudaIncludes(torch) {
  const site = path.dirname(torch.folder);
  const nvidia = path.join(site, 'nvidia');
  const packaged = existsSync(nvidia)
    ? readdirSync(nvidia).map((name) => path.join(nvidia, name, 'include')).filter((folder) => existsSync(folder))
    : [];
  const folders = [process.env.CUDA_HOME && path.join(process.env.CUDA_HOME, 'include'), '/usr/local/cuda/include', ...packaged];
  return folders.filter((folder) => folder && existsSync(folder));
}

function compilerVersion(compiler) {
  try {
    return execFileSync(compiler, ['-dumpfullversion'], { encoding: 'utf8' }).trim();
  } catch {
    throw new BuildError(`${compiler} is missing: install a C++ compiler (Debian: apt install g++)`);
  }
}

function declareGloo() {
  for (const name of GLOO) {
    const file = path.join(declarations, 'gloo', `${name}.h`);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, `#include ${JSON.stringify(path.join(sources, 'gloo_declarations.h'))}\n`);
  }
}

/** Which files were compiled together, in a folder of objects. */
const GROUPS = 'groups.json';

function readGroups(folder) {
  try {
    return JSON.parse(readFileSync(path.join(folder, GROUPS), 'utf8'));
  } catch {
    return [];
  }
}

function writeGroups(folder, groups) {
  const partial = path.join(folder, `${GROUPS}.${process.pid}`);
  writeFileSync(partial, JSON.stringify(groups));
  renameSync(partial, path.join(folder, GROUPS));
}

/** Files in so many groups that take about as long to compile. */
function balanced(files, count, weight) {
  const groups = Array.from({ length: count }, () => ({ files: [], weight: 0 }));
  for (const file of [...files].sort((a, b) => weight(b) - weight(a))) {
    const group = groups.reduce((least, other) => (other.weight < least.weight ? other : least));
    group.files.push(file);
    group.weight += weight(file);
  }
  return groups.map((group) => group.files.sort());
}

const hash = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex');

/** Compiles the sources without a current object, many as a group for each core; returns the groups that are linked. */
async function compileStale({ objects, units, text, objectOf, objectOfGroup, compileTo, log }) {
  const groups = readGroups(objects).filter((group) => group.every((file) => file in text) && existsSync(objectOfGroup(group)));
  const grouped = new Set(groups.flat());
  const stale = units.filter((file) => !grouped.has(file) && !existsSync(objectOf(file)));
  const cores = Math.max(2, Math.min(availableParallelism(), MAX_GROUPS));
  const compileOne = (file) => compileTo(objectOf(file), path.join(sources, file));
  if (stale.length <= cores) {
    await Promise.all(
      stale.map(async (file) => {
        await compileOne(file);
        log(`  ${file}`);
      }),
    );
    return groups;
  }
  const fresh = balanced(stale, cores, (file) => text[file].length);
  writeGroups(objects, [...groups, ...fresh]);
  let done = 0;
  const compileGroup = async (group) => {
    const source = path.join(objects, `group-${process.pid}-${fresh.indexOf(group)}.cpp`);
    writeFileSync(source, group.map((file) => `#include ${JSON.stringify(path.join(sources, file))}\n`).join(''));
    try {
      await compileTo(objectOfGroup(group), source);
    } catch {
      log('  some files do not compile together: one by one'); // two that define the same name, or an error to be named
      for (const file of group) await compileOne(file);
    } finally {
      rmSync(source, { force: true });
    }
    done += group.length;
    log(`  ${done}/${stale.length} files`);
  };
  await Promise.all(fresh.map(compileGroup));
  return [...groups, ...fresh.filter((group) => existsSync(objectOfGroup(group)))];
}

/**
 * Builds the module unless it is up to date.
 * @param {{ log?: (line: string) => void, force?: boolean }} [options]
 * @returns {Promise<{ file: string, torch: string, cuda: string | null, built: boolean, seconds: number }>}
 * @throws {BuildError} one line that names what is missing.
 */
export async function buildTorchEngine({ log = () => {}, force = false } = {}) {
  const start = Date.now();
  const torch = findTorch();
  if (!torch) throw new BuildError(`there is no torch in ${places.isCheckout ? '.venv' : places.venv()}: ${SETUP}`);
  const compiler = process.env.CXX ?? 'g++';
  const version = compilerVersion(compiler);
  const napi = path.join(path.dirname(createRequire(import.meta.url).resolve('node-api-headers/package.json')), 'include');
  const cudaFolders = torch.cuda ? cudaIncludes(torch) : [];
  const cuda = torch.cuda !== null && cudaFolders.length > 0;
  if (torch.cuda && !cuda) log('torch is a CUDA build but no CUDA headers were found; building for the CPU only');

  const flags = [
    ...['-O3', '-march=native', '-std=c++17', '-fPIC', '-fopenmp', '-fno-math-errno', '-fno-trapping-math'],
    ...['-fvisibility=hidden', '-Wall', '-Wno-sign-compare', '-Wno-unknown-pragmas', '-DNDEBUG', '-DNAPI_VERSION=8'],
    ...(cuda ? ['-DDETLAB_CUDA'] : []),
    // gradients of GPUs by NCCL: not tried on GPUs yet, Gloo sums them in main memory
    ...(cuda && process.env.DETLAB_NCCL ? ['-DDETLAB_NCCL'] : []),
    ...[declarations, path.join(torch.folder, 'include'), path.join(torch.folder, 'include/torch/csrc/api/include'), napi, ...cudaFolders]
      .flatMap((folder) => ['-isystem', folder]),
  ];
  const files = readdirSync(sources).filter((file) => /\.(cpp|h)$/.test(file)).sort();
  const text = Object.fromEntries(files.map((file) => [file, readFileSync(path.join(sources, file), 'utf8')]));
  const environment = hash(torch.folder, torch.version, compiler, version, places.processor(), flags.join(' '));
  const stamp = hash(environment, ...files.flatMap((file) => [file, text[file]]));
  const result = (built) => ({ file: target, torch: torch.version, cuda: cuda ? torch.cuda : null, built, seconds: (Date.now() - start) / 1000 });
  if (!force && existsSync(target) && existsSync(stampFile) && JSON.parse(readFileSync(stampFile, 'utf8')).stamp === stamp)
    return result(false);

  log(`building the torch engine (torch ${torch.version}${cuda ? `, CUDA ${torch.cuda}` : ''}, g++ ${version}); about a minute`);
  const objects = path.join(build, 'objects');
  mkdirSync(objects, { recursive: true });
  declareGloo();
  const headers = hash(environment, ...files.filter((file) => file.endsWith('.h')).map((file) => text[file]));
  const units = files.filter((file) => file.endsWith('.cpp'));
  const objectAt = (name, ...texts) => path.join(objects, `${name}-${hash(headers, ...texts).slice(0, 16)}.o`);
  const objectOf = (file) => objectAt(path.basename(file, '.cpp'), text[file]);
  const objectOfGroup = (group) => objectAt('group', ...group.flatMap((file) => [file, text[file]]));

  const compile = async (args) => {
    try {
      await run(compiler, args, { cwd: sources, maxBuffer: 1 << 26 });
    } catch (error) {
      const lines = String(error.stderr || error.message).split('\n').filter((line) => /error|fatal/.test(line));
      throw new BuildError(`the torch engine does not compile with ${compiler} ${version}:\n  ${lines.slice(0, 5).join('\n  ')}`);
    }
  };
  const compileTo = async (object, source) => {
    const partial = `${object}.${process.pid}`;
    await compile([...flags, '-c', source, '-o', partial]);
    renameSync(partial, object);
  };
  const groups = await compileStale({ objects, units, text, objectOf, objectOfGroup, compileTo, log });
  const inGroups = new Set(groups.flat());
  const products = [...groups.map(objectOfGroup), ...units.filter((file) => !inGroups.has(file)).map(objectOf)];

  const lib = path.join(torch.folder, 'lib');
  const partial = `${target}.${process.pid}`;
  // libgomp is not linked by name: it must be the copy that libtorch has loaded, or two thread pools compete
  await compile([
    ...['-shared', '-fPIC', ...products, '-o', partial, `-L${lib}`, `-Wl,-rpath,${lib}`, '-Wl,--as-needed'],
    ...['-Wl,--no-as-needed', '-ltorch_cpu', '-lc10', ...(cuda ? ['-ltorch_cuda', '-lc10_cuda'] : [])],
  ]);
  renameSync(partial, target);
  writeFileSync(`${stampFile}.${process.pid}`, JSON.stringify({ stamp, folder: torch.folder, torch: torch.version, cuda: cuda ? torch.cuda : null }));
  renameSync(`${stampFile}.${process.pid}`, stampFile);
  writeGroups(objects, groups);
  const current = new Set([GROUPS, ...products.map((file) => path.basename(file))]);
  for (const file of readdirSync(objects)) if (!current.has(file)) rmSync(path.join(objects, file), { force: true });
  return result(true);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  buildTorchEngine({ log: (line) => console.log(line) }).then(
    ({ file, built, seconds }) => console.log(`${built ? 'built' : 'up to date'}: ${path.relative(places.root, file)} (${seconds.toFixed(1)} s)`),
    (error) => {
      console.error(error instanceof BuildError ? error.message : error);
      process.exitCode = 1;
    },
  );
}
