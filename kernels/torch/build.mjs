// Builds the torch engine's native module with plain g++ against the libtorch inside the `torch` wheel of .venv.
// A stamp of sources, torch, compiler and processor makes a second call instant; every file is written under a temporary
// name and renamed, so an interrupted build leaves no partial file.
//
//   node kernels/torch/build.mjs

import { createHash } from 'node:crypto';
import { execFile, execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const sources = path.join(here, 'src');
const build = path.join(here, 'build');
const target = path.join(build, 'detlab_torch.node');
const stampFile = path.join(build, 'stamp.json');

/** The reason why the engine cannot be built, for the user. */
export class BuildError extends Error {
  name = 'BuildError';
}

const venvPython = () =>
  [process.env.DETLAB_PYTHON, path.join(root, '.venv/bin/python')].find((file) => file && existsSync(file));

/** The torch package of .venv, found without importing it (which takes seconds): folder, version, CUDA version or null. */
function findTorch() {
  const python = venvPython();
  if (!python) throw new BuildError('.venv is missing: run "npm run setup"');
  const script =
    'import importlib.util as u,os,json;s=u.find_spec("torch");d=os.path.dirname(s.origin) if s else None;' +
    'v={};d and exec(open(os.path.join(d,"version.py")).read(),v);' +
    'print(json.dumps({"folder":d,"version":v.get("__version__"),"cuda":v.get("cuda")}))';
  const torch = JSON.parse(execFileSync(python, ['-c', script], { encoding: 'utf8' }));
  if (!torch.folder) throw new BuildError('torch is not installed in .venv: run ".venv/bin/pip install -r requirements.txt"');
  return torch;
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

const cpuFlags = () => {
  try {
    return /^flags\s*:(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1].trim() ?? '';
  } catch {
    return process.arch;
  }
};

const hash = (...parts) => createHash('sha256').update(parts.join('\0')).digest('hex');

/**
 * Builds the module unless it is up to date.
 * @param {{ log?: (line: string) => void, force?: boolean }} [options]
 * @returns {Promise<{ file: string, torch: string, cuda: string | null, built: boolean, seconds: number }>}
 * @throws {BuildError} one line that names what is missing.
 */
export async function buildTorchEngine({ log = () => {}, force = false } = {}) {
  const start = Date.now();
  const torch = findTorch();
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
    ...[path.join(torch.folder, 'include'), path.join(torch.folder, 'include/torch/csrc/api/include'), napi, ...cudaFolders]
      .flatMap((folder) => ['-isystem', folder]),
  ];
  const files = readdirSync(sources).filter((file) => /\.(cpp|h)$/.test(file)).sort();
  const text = Object.fromEntries(files.map((file) => [file, readFileSync(path.join(sources, file), 'utf8')]));
  const environment = hash(torch.folder, torch.version, compiler, version, cpuFlags(), flags.join(' '));
  const stamp = hash(environment, ...files.flatMap((file) => [file, text[file]]));
  const result = (built) => ({ file: target, torch: torch.version, cuda: cuda ? torch.cuda : null, built, seconds: (Date.now() - start) / 1000 });
  if (!force && existsSync(target) && existsSync(stampFile) && JSON.parse(readFileSync(stampFile, 'utf8')).stamp === stamp)
    return result(false);

  log(`building the torch engine (torch ${torch.version}${cuda ? `, CUDA ${torch.cuda}` : ''}, g++ ${version}); about a minute`);
  const objects = path.join(build, 'objects');
  mkdirSync(objects, { recursive: true });
  const headers = hash(environment, ...files.filter((file) => file.endsWith('.h')).map((file) => text[file]));
  const units = files.filter((file) => file.endsWith('.cpp'));
  const objectOf = (file) => path.join(objects, `${path.basename(file, '.cpp')}-${hash(headers, text[file]).slice(0, 16)}.o`);
  const stale = units.filter((file) => !existsSync(objectOf(file)));

  const compile = async (args) => {
    try {
      await run(compiler, args, { cwd: sources, maxBuffer: 1 << 26 });
    } catch (error) {
      const lines = String(error.stderr || error.message).split('\n').filter((line) => /error|fatal/.test(line));
      throw new BuildError(`the torch engine does not compile with ${compiler} ${version}:\n  ${lines.slice(0, 5).join('\n  ')}`);
    }
  };
  // parsing libtorch's headers takes 8 s: precompile them when several files are stale
  const precompiled = path.join(build, `pch-${process.pid}`);
  try {
    let prefix = [];
    if (stale.length > 3) {
      mkdirSync(precompiled, { recursive: true });
      await compile(['-x', 'c++-header', ...flags, path.join(sources, 'torch.h'), '-o', path.join(precompiled, 'torch.h.gch')]);
      prefix = ['-Winvalid-pch', '-include', path.join(precompiled, 'torch.h')];
    }
    const queue = [...stale];
    const worker = async () => {
      for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
        const object = objectOf(file);
        const partial = `${object}.${process.pid}`;
        log(`  ${stale.length - queue.length}/${stale.length} ${file}`);
        await compile([...prefix, ...flags, '-c', path.join(sources, file), '-o', partial]);
        renameSync(partial, object);
      }
    };
    await Promise.all([worker(), worker()]);
  } finally {
    rmSync(precompiled, { recursive: true, force: true });
  }

  const lib = path.join(torch.folder, 'lib');
  const partial = `${target}.${process.pid}`;
  // libgomp is not linked by name: it must be the copy that libtorch has loaded, or two thread pools compete
  await compile([
    ...['-shared', '-fPIC', ...units.map(objectOf), '-o', partial, `-L${lib}`, `-Wl,-rpath,${lib}`, '-Wl,--as-needed'],
    ...['-Wl,--no-as-needed', '-ltorch_cpu', '-lc10', ...(cuda ? ['-ltorch_cuda', '-lc10_cuda'] : [])],
  ]);
  renameSync(partial, target);
  writeFileSync(`${stampFile}.${process.pid}`, JSON.stringify({ stamp, torch: torch.version, cuda: cuda ? torch.cuda : null }));
  renameSync(`${stampFile}.${process.pid}`, stampFile);
  const current = new Set(units.map((file) => path.basename(objectOf(file))));
  for (const file of readdirSync(objects)) if (!current.has(file)) rmSync(path.join(objects, file), { force: true });
  return result(true);
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  buildTorchEngine({ log: (line) => console.log(line) }).then(
    ({ file, built, seconds }) => console.log(`${built ? 'built' : 'up to date'}: ${path.relative(root, file)} (${seconds.toFixed(1)} s)`),
    (error) => {
      console.error(error instanceof BuildError ? error.message : error);
      process.exitCode = 1;
    },
  );
}
