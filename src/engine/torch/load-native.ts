// Loads the native module, which Node alone can.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { DetLabError } from '../../errors';
import { packageRoot } from '../../paths';
import { installNative, type Native, native } from './native';

/** Why the engine cannot be started, or undefined if it is built. */
export function torchMissing(): string | undefined {
  return existsSync(moduleFile()) ? undefined : 'the torch engine is not built. Run `npm run setup`';
}

const moduleFile = () => process.env.DETLAB_TORCH_MODULE ?? join(packageRoot, 'kernels/torch/build/detlab_torch.node');

/**
 * Loads the module that `npm run setup` builds.
 * @throws DetLabError when it is not built or does not load.
 */
export function loadNative(): Native {
  if (native) return native;
  const file = moduleFile();
  if (!existsSync(file))
    throw new DetLabError('Cannot start the torch engine: it is not built yet. Run `npm run setup`');
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
      `Cannot start the torch engine: its module does not load (${reason}). Run \`npm run setup\` to rebuild it`,
    );
  }
  return holder.exports;
}
