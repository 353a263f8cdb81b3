// Paths for the scripts. Imports only Node built-ins, since the scripts run before any package is installed.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const venv = join(root, '.venv');
export const state = join(root, '.setup');

const windows = process.platform === 'win32';
export const venvBin = join(venv, windows ? 'Scripts' : 'bin');
export const venvPython = join(venvBin, windows ? 'python.exe' : 'python');
export const kernelspec = join(venv, 'share', 'jupyter', 'kernels', 'detlab');

/** Whether the project has been compiled. */
export const isBuilt = () => existsSync(join(root, 'dist', 'src', 'index.js'));
