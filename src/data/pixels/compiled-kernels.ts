// The compiled pixel kernels, as Node loads them: in any thread.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { places } from '../../paths';
import type { PixelKernels } from './native';

let loaded: PixelKernels | null | undefined;

/** The kernels; undefined where they are not built, and with `DETLAB_PIXELS=0` in the environment. */
export function compiledKernels(): PixelKernels | undefined {
  if (process.env.DETLAB_PIXELS === '0') return undefined;
  if (loaded === undefined) {
    const file = join(places.buildFolder('pixels'), 'detlab_pixels.node');
    loaded = existsSync(file) ? (require(file) as PixelKernels) : null;
  }
  return loaded ?? undefined;
}
