// The folders where Jupyter looks for kernels, by the rules of jupyter_core: the user's, a Python environment's, a prefix.

import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DetLabError } from '../../errors';
import { places } from '../../paths';

export interface Place {
  user?: boolean;
  sysPrefix?: boolean;
  prefix?: string;
}

/** The Python of a checkout with JupyterLab; exists after `npm run setup`. That of an installed package has libtorch alone. */
export const venvPython = places.venvPython();
export const hasJupyter = (): boolean => places.isCheckout && existsSync(venvPython);

/** The user's data folder, as printed by `jupyter --data-dir`. */
export function userDataDir(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.JUPYTER_DATA_DIR) return env.JUPYTER_DATA_DIR;
  const home = os.homedir();
  if (platform === 'darwin') return path.join(home, 'Library', 'Jupyter');
  if (platform === 'win32') {
    if (env.APPDATA) return path.join(env.APPDATA, 'jupyter');
    return path.join(env.JUPYTER_CONFIG_DIR || path.join(home, '.jupyter'), 'data');
  }
  return path.join(env.XDG_DATA_HOME || path.join(home, '.local', 'share'), 'jupyter');
}

/** The active Python environment, or the project's. */
function environment(env: NodeJS.ProcessEnv): string {
  const active = env.VIRTUAL_ENV || env.CONDA_PREFIX;
  if (active) return active;
  if (hasJupyter()) return places.venv();
  const inactive = 'no Python environment is active (VIRTUAL_ENV and CONDA_PREFIX are empty)';
  throw new DetLabError(
    `Cannot install with --sys-prefix: ${inactive}${
      places.isCheckout
        ? ' and the project has no .venv. Activate one, run `npm run setup`,'
        : '. Activate the one that has Jupyter'
    } or use --user or --prefix`,
  );
}

/** The `kernels` folder of a place; default: the user's. */
export function kernelsFolder({ sysPrefix, prefix }: Place, env: NodeJS.ProcessEnv = process.env): string {
  if (prefix !== undefined) {
    if (prefix === '') throw new DetLabError('Cannot use an empty --prefix: expected a folder, e.g. /usr/local');
    return path.join(path.resolve(prefix), 'share', 'jupyter', 'kernels');
  }
  if (sysPrefix) return path.join(environment(env), 'share', 'jupyter', 'kernels');
  return path.join(userDataDir(env), 'kernels');
}
