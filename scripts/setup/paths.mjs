// Paths for the scripts. Imports only Node built-ins, since the scripts run before any package is installed.

import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import places from './places.cjs';

export const root = places.root;
export const isCheckout = places.isCheckout;
export const venv = places.venv();
export const state = places.state();

export const venvPython = places.venvPython();
export const venvBin = dirname(venvPython);
export const kernelspec = join(venv, 'share', 'jupyter', 'kernels', 'detlab');

/** Whether the project has been compiled. */
export const isBuilt = () => existsSync(join(root, 'dist', 'src', 'index.js'));
