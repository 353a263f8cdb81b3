// The folder of the package, the same for `src/` (tests) and `dist/src/` (built); the folders of what is built and installed on
// this machine, as the set-up scripts have them (scripts/setup/places.cjs); and paths in messages.

import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';

function findRoot(): string {
  for (let dir = __dirname; ; dir = path.dirname(dir)) {
    const file = path.join(dir, 'package.json');
    if (existsSync(file) && JSON.parse(readFileSync(file, 'utf8')).name === 'detlab') return dir;
    if (path.dirname(dir) === dir) return path.resolve(__dirname, '..');
  }
}

/** The folder with this package's package.json, `configs/`, `kernels/` and `dist/`. */
export const packageRoot = findRoot();

interface Places {
  /** Whether this is a checkout, which `npm run setup` sets up; else an installed package. */
  readonly isCheckout: boolean;
  /** The folder of programs' data, of the user. */
  dataFolder(env?: NodeJS.ProcessEnv, platform?: NodeJS.Platform): string;
  /** Of an installed package: DETLAB_HOME, or `detlab` in the user's data folder. */
  home(): string;
  /** Where the native module of `kernels/torch` or `kernels/pixels` is built. */
  buildFolder(name: 'torch' | 'pixels'): string;
  /** The virtual environment with libtorch, in a checkout also with Jupyter. */
  venv(): string;
  venvPython(): string;
  state(): string;
  /** Of files that only save time. */
  cache(): string;
}

export const places: Places = require(path.join(packageRoot, 'scripts', 'setup', 'places.cjs'));

/** What a user runs to have what is missing installed and built. */
export const SETUP_COMMAND = places.isCheckout ? 'npm run setup' : 'npx detlab setup';

/**
 * A message with the paths below the working directory as seen from there: shorter, and a shared log or notebook has no path of
 * the machine.
 */
export function withRelativePaths(message: string): string {
  return message.replaceAll(`${process.cwd()}${path.sep}`, '');
}

/** Where downloaded weights are, torch.hub's folder: `$TORCH_HOME`, `$XDG_CACHE_HOME/torch` or `~/.cache/torch`, and there `hub/checkpoints`. */
export function cacheFolder(): string {
  const { TORCH_HOME, XDG_CACHE_HOME } = process.env;
  const home = TORCH_HOME || path.join(XDG_CACHE_HOME || path.join('~', '.cache'), 'torch');
  const expanded = home === '~' || /^~[/\\]/.test(home) ? path.join(homedir(), home.slice(1)) : home;
  return path.resolve(expanded, 'hub', 'checkpoints');
}
