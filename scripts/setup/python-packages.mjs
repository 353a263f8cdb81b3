// .venv, as requirements.txt specifies: Jupyter, and the torch wheel with libtorch and its headers.

import { existsSync } from 'node:fs';
import { lastLine, run } from './command.mjs';
import { venv, venvPython } from './paths.mjs';
import { digest, isDone, markDone } from './stamp.mjs';

const inputs = () => digest([process.platform, process.arch], ['requirements.txt']);

export const pythonPackagesReady = () => existsSync(venvPython) && isDone('python-packages', inputs());

const LOST = 'no Jupyter and no torch engine, only the wasm engine';

async function findPython() {
  const names = process.env.DETLAB_PYTHON ? [process.env.DETLAB_PYTHON] : ['python3', 'python'];
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

/** Creates .venv. Returns one line with the reason if that fails. */
export async function installPythonPackages(log) {
  if (pythonPackagesReady()) return undefined;
  const usable = existsSync(venvPython) && (await run(venvPython, ['-m', 'pip', '--version'])).code === 0;
  if (!usable) {
    const { name, problem } = await findPython();
    if (problem) return problem;
    log(`creating .venv with ${name}`);
    const created = await run(name, ['-m', 'venv', '--clear', venv]);
    if (created.code !== 0) {
      return `${name} could not create .venv: ${LOST}. Install python3-venv and pip. Its last line: ${lastLine(created.output)}`;
    }
  }
  log('installing the Python packages of requirements.txt (some minutes: torch is large)');
  const args = ['-m', 'pip', 'install', '--disable-pip-version-check', '--no-input', '--progress-bar', 'off'];
  const installed = await run(venvPython, [...args, '-r', 'requirements.txt'], {
    show: true,
    hide: /already satisfied|^\s*$/,
  });
  if (installed.code !== 0) {
    return `pip could not install requirements.txt: ${LOST}. Check the network and try again. pip's last line: ${lastLine(installed.output)}`;
  }
  markDone('python-packages', inputs());
  return undefined;
}
