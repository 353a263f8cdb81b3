// Who decodes image files: sharp in Node (data/node-platform.ts). Elsewhere pixels are given.

import { DetLabError } from '../../errors';
import type { PixelImage } from '../types';

/** The size that is needed of an image of a file. */
export interface ReducedSize {
  /** Distinct of needs that differ. */
  readonly key: string;
  of(width: number, height: number): [number, number];
}

/**
 * @param backend whose conversion to RGB is followed
 * @param reduced asks for a smaller image, of at least that size: `full` of the result is the size in the file
 * @throws BadData for a file that cannot be read
 */
export type ImageDecoder = (
  file: string,
  id: number | string,
  backend: 'cv2' | 'pillow',
  reduced?: ReducedSize,
) => Promise<PixelImage>;

let installed: ImageDecoder | undefined;
let cached: ImageDecoder | undefined;

/** Where decoded images are kept. */
interface KeptImages {
  get(name: string): PixelImage | undefined;
  put(name: string, image: PixelImage): void;
}

/** Keeps the images that this thread decodes from now on; undefined: no longer. */
export function keepDecoded(images: KeptImages | undefined): void {
  const decode = installed;
  cached =
    images &&
    decode &&
    (async (file, id, backend, reduced) => {
      const name = [file, backend, reduced?.key ?? ''].join('\0');
      const kept = images.get(name);
      if (kept) return kept;
      const image = await decode(file, id, backend, reduced);
      images.put(name, image);
      return image;
    });
}

export function installImageDecoder(decoder: ImageDecoder): void {
  installed = decoder;
}

/** @throws DetLabError where no decoder is installed */
export function imageDecoder(): ImageDecoder {
  if (cached ?? installed) return (cached ?? installed)!;
  throw new DetLabError(
    'Cannot read image files here: expected pixels, { data, width, height } or an image of the page',
  );
}
