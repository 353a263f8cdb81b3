// Who decodes image files: sharp in Node (data/node-platform.ts). Elsewhere pixels are given.

import { DetLabError } from '../../errors';
import type { PixelImage } from '../types';

/** @param backend whose conversion to RGB is followed; throws BadData for a file that cannot be read */
export type ImageDecoder = (file: string, id: number | string, backend: 'cv2' | 'pillow') => Promise<PixelImage>;

let installed: ImageDecoder | undefined;

export function installImageDecoder(decoder: ImageDecoder): void {
  installed = decoder;
}

/** @throws DetLabError where no decoder is installed */
export function imageDecoder(): ImageDecoder {
  if (installed) return installed;
  throw new DetLabError(
    'Cannot read image files here: expected pixels, { data, width, height } or an image of the page',
  );
}
