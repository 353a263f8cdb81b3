// The compiled pixel kernels, as Node loads them: in any thread.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../paths';
import type { PixelKernels } from './native';

const file = join(packageRoot, 'kernels/pixels/build/detlab_pixels.node');
let loaded: PixelKernels | null | undefined;

/** The kernels; undefined where they are not built, and with `DETLAB_PIXELS=0` in the environment. */
export function compiledKernels(): PixelKernels | undefined {
  if (process.env.DETLAB_PIXELS === '0') return undefined;
  loaded ??= existsSync(file) ? (require(file) as PixelKernels) : null;
  return loaded ?? undefined;
}
