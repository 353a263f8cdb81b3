// The pixel kernels in C++ (kernels/pixels), which Node installs (data/node-platform.ts) where they are built. Without them, in a
// browser or on a machine without a compiler, the functions of this folder compute the same values in TypeScript.

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

let find: () => PixelKernels | undefined = () => undefined;

/** @param finder called for every image: the kernels, or undefined where TypeScript is to compute */
export function installPixelKernels(finder: () => PixelKernels | undefined): void {
  find = finder;
}

/** The kernels; undefined where there are none. */
export const pixelKernels = (): PixelKernels | undefined => find();
