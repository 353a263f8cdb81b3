// .venv, as requirements.txt specifies: Jupyter, and the torch wheel with libtorch and its headers.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { lastLine, run } from './command.mjs';
import { isCheckout, root, venv, venvPython } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const inputs = () => digest([process.platform, process.arch], ['requirements.txt']);

export const pythonPackagesReady = () => existsSync(venvPython) && isDone('python-packages', inputs());

const LOST = isCheckout ? 'no Jupyter and no torch engine, only the wasm engine' : 'only the wasm engine is available';

/** Windows has a launcher, `py`, where Python is not on the PATH. */
const PYTHONS = process.platform === 'win32' ? ['python', 'py'] : ['python3', 'python'];

async function findPython() {
  const names = process.env.DETLAB_PYTHON ? [process.env.DETLAB_PYTHON] : PYTHONS;
  let reason = '';
  for (const name of names) {
    const probe = 'import sys; print("%d.%d" % sys.version_info[:2]); import venv, ensurepip';
    const { code, output } = await run(name, ['-c', probe]);
    const version = /^(\d+)\.(\d+)/.exec(output);
    if (code === 127 || !version) continue;
    if (Number(version[1]) < 3 || Number(version[2]) < 10) reason ||= `Python ${version[0]} is too old`;
    else if (code !== 0) reason ||= `Python ${version[0]} has no venv module`;
    else return { name };
  }
  if (/no venv/.test(reason)) {
    return { problem: `${reason}: ${LOST}. Install it (Debian, Ubuntu: apt install python3-venv)` };
  }
  return {
    problem: `${reason || `there is no Python (tried ${names.join(', ')})`}: ${LOST}. Install Python 3.10 or newer with venv and pip, or set DETLAB_PYTHON to one`,
  };
}

const pip = (what) => {
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  return run(venvPython, [...args, ...what], { show: true, hide: /already satisfied|^\s*$/ });
};

/** The line of requirements.txt for the torch wheel. */
const torchRequirement = () => /^torch==\S+/m.exec(readFileSync(join(root, 'requirements.txt'), 'utf8'))?.[0];

/** Creates the virtual environment. Returns one line with the reason if that fails. */
async function createVenv(log) {
  if (existsSync(venvPython) && (await run(venvPython, ['-m', 'pip', '--version'])).code === 0) return undefined;
  const { name, problem } = await findPython();
  if (problem) return problem;
  const shown = isCheckout ? '.venv' : venv;
  log(`creating ${shown} with ${name}`);
  const created = await run(name, ['-m', 'venv', '--clear', venv]);
  if (created.code === 0) return undefined;
  return `${name} could not create ${shown}: ${LOST}. Install python3-venv and pip. Its last line: ${lastLine(created.output)}`;
}

/** Installs packages. Returns one line with the reason if that fails. */
async function installed(what, name) {
  const { code, output } = await pip(what);
  if (code === 0) return undefined;
  return `pip could not install ${name}: ${LOST}. Check the network and try again. pip's last line: ${lastLine(output)}`;
}

/**
 * Creates .venv. Returns one line with the reason if that fails.
 *
 * @param onTorch called when the torch wheel is installed, the first of all
 */
export async function installPythonPackages(log, onTorch = () => {}) {
  if (pythonPackagesReady()) {
    onTorch();
    return undefined;
  }
  const problem = await createVenv(log);
  if (problem) return problem;
  log('installing the Python packages of requirements.txt (some minutes: torch is large)');
  const torch = torchRequirement();
  for (const what of [...(torch ? [[torch]] : []), ['-r', 'requirements.txt']]) {
    const failed = await installed(what, 'requirements.txt');
    if (failed) return failed;
    if (what[0] === torch) onTorch();
  }
  markDone('python-packages', inputs());
  return undefined;
}

/** Installs libtorch alone, for the engine of an installed package. Returns one line with the reason if that fails. */
export async function installTorch(log) {
  const problem = await createVenv(log);
  if (problem) return problem;
  const torch = torchRequirement();
  log(`installing ${torch} by pip in ${venv} (some minutes: it is large)`);
  return installed([torch], torch);
}
