// The pixel kernels in C++ (kernels/pixels), which any thread may load. Without them, on a machine without a compiler, the
// functions of this folder compute the same values in TypeScript.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { places } from '../../paths';

/** Pixels [height, width, 3], width and height; results are written into the array given last. */
type Source = [data: Uint8Array, width: number, height: number];

export interface PixelKernels {
  resizeBilinear(...args: [...Source, out: Uint8Array, width: number, height: number]): void;
  /** The image, the other image, and the size, mirroring, window and surrounding colour of the latter when it is resized. */
  mixWindow(
    ...args: [
      ...Source,
      ...Source,
      width: number,
      height: number,
      flip: number,
      left: number,
      top: number,
      colour: Uint8Array,
      out: Uint8Array,
    ]
  ): void;
  /** @param inverse 3 x 3 from output to image coordinates */
  warpPerspective(
    ...args: [...Source, inverse: Float64Array, colour: Uint8Array, out: Uint8Array, width: number, height: number]
  ): void;
  /** @param tables of h, s and v, 256 each; `blue`: index of that channel, here and below */
  recolour(...args: [...Source, blue: number, tables: Uint8Array, out: Uint8Array]): void;
  toHsv(...args: [...Source, blue: number, h: Uint8Array, s: Uint8Array, v: Uint8Array]): void;
  fromHsv(
    ...args: [
      ...[h: Uint8Array, s: Uint8Array, v: Uint8Array],
      blue: number,
      out: Uint8Array,
      width: number,
      height: number,
    ]
  ): void;
  flipHorizontally(...args: [...Source, out: Uint8Array]): void;
  /** Frees the memory of an array at once; its length is 0 from then on. */
  free(array: Uint8Array): void;
}

let loaded: PixelKernels | null | undefined;

/** The kernels; undefined where they are not built, and with `DETLAB_PIXELS=0` in the environment. */
export function pixelKernels(): PixelKernels | undefined {
  if (process.env.DETLAB_PIXELS === '0') return undefined;
  if (loaded === undefined) {
    const file = join(places.buildFolder('pixels'), 'detlab_pixels.node');
    loaded = existsSync(file) ? (require(file) as PixelKernels) : null;
  }
  return loaded ?? undefined;
}
