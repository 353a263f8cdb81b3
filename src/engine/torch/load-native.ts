// Loads the native module, which Node alone can.

import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DetLabError } from '../../errors';
import { places, SETUP_COMMAND } from '../../paths';
import { installNative, type Native, native } from './native';

/** Why the engine cannot be started, or undefined if it is built. */
export function torchMissing(): string | undefined {
  const file = moduleFile();
  if (!existsSync(file)) return `the torch engine is not built. Run \`${SETUP_COMMAND}\``;
  const libtorch = libtorchOf(file);
  if (libtorch === undefined || existsSync(libtorch)) return undefined;
  return `the libtorch that the engine was built with is gone (${libtorch}). Run \`${SETUP_COMMAND}\``;
}

const moduleFile = () => process.env.DETLAB_TORCH_MODULE ?? join(places.buildFolder('torch'), 'detlab_torch.node');

/** The folder of the torch package that a module was built with, where its stamp says so. */
function libtorchOf(file: string): string | undefined {
  try {
    const { folder } = JSON.parse(readFileSync(join(dirname(file), 'stamp.json'), 'utf8'));
    return typeof folder === 'string' ? folder : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Loads the module that the set-up builds.
 * @throws DetLabError when it is not built or does not load.
 */
export function loadNative(): Native {
  if (native) return native;
  const file = moduleFile();
  if (!existsSync(file))
    throw new DetLabError(`Cannot start the torch engine: it is not built yet. Run \`${SETUP_COMMAND}\``);
  installNative(load(file));
  return native;
}

/**
 * Iterations that a libgomp thread spins before it sleeps at the end of a parallel loop. The default (milliseconds) wastes
 * whole time slices if another process, such as a browser, needs the processor: steps then take three times as long.
 */
const SPINS = '10000';

function load(file: string): unknown {
  const holder = { exports: {} };
  if (!process.env.OMP_WAIT_POLICY) process.env.GOMP_SPINCOUNT ??= SPINS; // read when the library loads
  try {
    process.dlopen(holder, file);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new DetLabError(
      `Cannot start the torch engine: its module does not load (${reason}). Run \`${SETUP_COMMAND}\` to rebuild it`,
    );
  }
  return holder.exports;
}
