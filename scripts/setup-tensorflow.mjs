// The optional TensorFlow engine (`npm run setup -- --engine tensorflow`): tfjs-node in build/tensorflow, separate from the
// project's packages. Its install script downloads libtensorflow; if that fails, the library is taken from the TensorFlow
// wheel of the Python package index and the binding is compiled against it.

import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLine, run } from './setup/command.mjs';
import { root, venvPython } from './setup/paths.mjs';
import { digest, isDone, markDone } from './setup/stamp.mjs';

const TFJS_NODE = '4.22.0';
const WHEEL = '2.21.0';
const DOWNLOAD_LIMIT_MS = 10 * 60_000;

const folder = join(root, 'build', 'tensorflow');
const scope = join(folder, 'node_modules', '@tensorflow');

/** Whether the engine is installed, for this platform and these versions. */
export function tensorflowReady() {
  return existsSync(scope) && isDone('tensorflow-engine', inputs());
}

const inputs = () => digest([process.platform, process.arch, TFJS_NODE, WHEEL]);

/**
 * Installs the engine and logs each step.
 * @throws Error with the reason, in one line
 */
export async function setupTensorflow({ log }) {
  if (tensorflowReady()) return log('the tensorflow engine is installed');
  const gpu = process.platform === 'linux' && (await run('nvidia-smi', ['-L'])).code === 0;
  const name = gpu ? 'tfjs-node-gpu' : 'tfjs-node';
  await installPackage(name, log);
  const place = join(scope, name);
  let problem = await runInstallScript(place, name, log);
  if (problem) {
    log(`its install script failed (${problem}): building it against the TensorFlow ${WHEEL} wheel`);
    problem = await buildAgainstWheel(place, gpu, log);
  }
  if (problem) throw new Error(`Cannot install the tensorflow engine: ${problem}`);
  const device = await probe(place);
  if (device.problem) throw new Error(`The tensorflow engine was built but does not run: ${device.problem}`);
  markDone('tensorflow-engine', inputs());
  log(`the tensorflow engine is ready (${device.name}): set DETLAB_ENGINE=tensorflow to use it`);
}

/** Installs the npm package without its install script and its copy of tfjs: it must register with the project's. */
async function installPackage(name, log) {
  log(`installing @tensorflow/${name} ${TFJS_NODE} into build/tensorflow`);
  rmSync(scope, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "name": "detlab-tensorflow-engine", "private": true }\n');
  const installed = await npm(['install', '--ignore-scripts', `@tensorflow/${name}@${TFJS_NODE}`]);
  if (installed.code !== 0)
    throw new Error(`npm could not install @tensorflow/${name}: ${lastLine(installed.output)}. Check the network`);
  for (const entry of readdirSync(scope))
    if (entry !== name) rmSync(join(scope, entry), { recursive: true, force: true });
}

/** Runs the package's install script. Returns the reason if that fails. */
async function runInstallScript(place, name, log) {
  log('running its install script (downloads libtensorflow, about 200 MB)');
  const { code, output } = await npm(['rebuild', `@tensorflow/${name}`], DOWNLOAD_LIMIT_MS);
  if (binding(place)) return (await probe(place)).problem;
  const reason = output
    .split('\n')
    .find((line) => /ENOTFOUND|EAI_AGAIN|ECONN|ETIMEDOUT|getaddrinfo|status code/i.test(line));
  return code === 124 ? 'the download took too long' : (reason ?? lastLine(output)).trim().slice(0, 160);
}

/** The compiled addon, in the folder of some N-API version. */
function binding(place) {
  const lib = join(place, 'lib');
  const versions = existsSync(lib) ? readdirSync(lib) : [];
  return versions.map((v) => join(lib, v, 'tfjs_binding.node')).find((file) => existsSync(file));
}

async function buildAgainstWheel(place, gpu, log) {
  if (process.platform !== 'linux') return `the wheel's library requires Linux, this is ${process.platform}`;
  const deps = join(place, 'deps');
  const wheel = join(folder, 'wheel');
  for (const old of [deps, wheel, join(place, 'lib')]) rmSync(old, { recursive: true, force: true });
  const requirement = gpu
    ? `tensorflow[and-cuda]==${WHEEL}`
    : `tensorflow${process.arch === 'x64' ? '-cpu' : ''}==${WHEEL}`;
  log(`downloading ${requirement} (${gpu ? 'several GB with the CUDA libraries' : 'about 300 MB'})`);
  // only the library and its headers are used, so a wheel for any Python version will do
  const python = existsSync(venvPython) ? venvPython : 'python3';
  const options = ['--target', wheel, '--python-version', '3.12', '--implementation', 'cp', '--only-binary=:all:'];
  const args = ['-m', 'pip', 'install', '--no-input', '--progress-bar', 'off', '--disable-pip-version-check'];
  const got = await run(python, [...args, ...options, ...(gpu ? [] : ['--no-deps']), requirement]);
  if (got.code !== 0) return `pip could not download ${requirement}: ${lastLine(got.output)}`;

  const library = join(deps, 'lib');
  mkdirSync(library, { recursive: true });
  for (const file of ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'])
    renameSync(join(wheel, 'tensorflow', file), join(library, file));
  symlinkSync('libtensorflow_cc.so.2', join(library, 'libtensorflow.so'));
  symlinkSync('libtensorflow_framework.so.2', join(library, 'libtensorflow_framework.so'));
  // the library looks for the CUDA libraries in a sibling of its folder
  if (gpu) renameSync(join(wheel, 'nvidia'), join(deps, 'nvidia'));

  log('compiling the binding');
  const addon = join(place, 'lib', `napi-v${napiVersion()}`);
  mkdirSync(addon, { recursive: true });
  const include = [
    place,
    join(wheel, 'tensorflow', 'include'),
    join(root, 'node_modules', 'node-api-headers', 'include'),
  ];
  const sources = ['tfjs_backend.cc', 'tfjs_binding.cc'].map((file) => join(place, 'binding', file));
  const compiler = process.env.CXX ?? 'g++';
  const compiled = await run(compiler, [
    ...['-std=c++17', '-O2', '-fPIC', '-shared', `-DNAPI_VERSION=${napiVersion()}`],
    ...include.map((path) => `-I${path}`),
    ...sources,
    ...['-o', join(addon, 'tfjs_binding.node'), `-L${library}`, '-Wl,-rpath,$ORIGIN/../../deps/lib'],
    ...['-ltensorflow', '-ltensorflow_framework'],
  ]);
  if (compiled.code === 127)
    return `the C++ compiler ${compiler} is missing. Install g++ 10 or newer, or set CXX to one`;
  if (compiled.code !== 0) return `${compiler} could not compile the binding: ${lastLine(compiled.output)}`;
  rmSync(wheel, { recursive: true, force: true });
  return undefined;
}

/** The N-API version for which node-pre-gyp looks up the binding: the highest that both support. */
const napiVersion = () => Math.min(8, Number(process.versions.napi));

/** Adds two numbers with the engine, in a separate process. */
async function probe(place) {
  const program = `
    const util = require('util');
    util.isNullOrUndefined ??= (value) => value === null || value === undefined;
    util.isArray ??= Array.isArray;
    const tf = require(${JSON.stringify(place)});
    if (require('@tensorflow/tfjs').getBackend() !== 'tensorflow') throw new Error('it registered with another tfjs');
    if (tf.add(1, 2).dataSync()[0] !== 3) throw new Error('1 + 2 is not 3');
    console.log('device: ' + (tf.backend().isUsingGpuDevice ? 'gpu' : 'cpu'));`;
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' };
  const { code, output } = await run(process.execPath, ['-e', program], { env, cwd: root });
  const device = /^device: (\w+)$/m.exec(output)?.[1];
  if (code === 0 && device) return { name: `${place.endsWith('gpu') ? 'tfjs-node-gpu' : 'tfjs-node'} on ${device}` };
  return { problem: (/Error: .*/.exec(output)?.[0] ?? lastLine(output)).slice(0, 200) };
}

/** Runs npm inside the engine's folder; code 124 when it took longer than `limit`. */
function npm(args, limit) {
  const script = process.env.npm_execpath;
  const asScript = script && /\.[cm]?js$/.test(script);
  const all = [...args, '--no-audit', '--no-fund', '--loglevel=error', '--prefix', folder];
  return new Promise((resolve) => {
    const program = asScript ? process.execPath : 'npm';
    const child = spawn(program, asScript ? [script, ...all] : all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    let late = false;
    const timer = limit && setTimeout(() => (late = child.kill()), limit);
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => {
        output = (output + chunk).slice(-50_000);
      });
    child.on('error', (error) => resolve({ code: 127, output: error.message }));
    child.on('close', (code) => {
      clearTimeout(timer);
      resolve({ code: late ? 124 : code, output });
    });
  });
}
