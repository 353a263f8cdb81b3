// Decodes image bytes to 8-bit RGB with sharp (libvips), with the result of `cv2.imread(..., IMREAD_COLOR)`: EXIF
// orientation applied, alpha dropped, colour profiles ignored, 16 bits truncated to 8. Decoding runs on libuv's pool.

import sharp from 'sharp';
import { BadData } from '../bad-data';
import type { PixelImage } from '../types';
import { LIMITS, readBounded } from './bounded-read';

/** Larger images are rejected: 2^27 pixels are 400 MB of RGB. */
const MAX_PIXELS = 2 ** 27;

const DECODE = { failOn: 'truncated', limitInputPixels: MAX_PIXELS, ignoreIcc: true, autoOrient: true } as const;

/**
 * Decodes a JPEG, PNG, WebP, TIFF... given as a path or as the file's bytes.
 *
 * @throws BadData (`missing-image`, `unreadable-image`) naming the file and `id`; truncated files count as unreadable.
 * @example const { width, height } = await decodeImage('street.jpg');
 */
export async function decodeImage(source: string | Uint8Array, id?: number | string): Promise<PixelImage> {
  const file = typeof source === 'string' ? source : '(bytes)';
  const bytes = typeof source === 'string' ? await readImage(source, id) : source;
  try {
    const { data, info } = await sharp(bytes, DECODE)
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    const rgb = info.channels === 1 ? grayToRgb(data) : data;
    return { data: rgb, width: info.width, height: info.height, order: 'rgb' };
  } catch (error) {
    throw unreadable(file, id, error);
  }
}

/** Width and height as `decodeImage` gives them (orientation applied), from the file's header alone. */
export async function imageSize(file: string, id?: number | string): Promise<{ width: number; height: number }> {
  const bytes = await readImage(file, id);
  try {
    const { autoOrient } = await sharp(bytes, DECODE).metadata();
    return { width: autoOrient.width, height: autoOrient.height };
  } catch (error) {
    throw unreadable(file, id, error);
  }
}

async function readImage(file: string, id?: number | string): Promise<Buffer> {
  try {
    return await readBounded(file, LIMITS.image);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new BadData({ kind: 'missing-image', file, id, message: `Cannot find image "${file}"` });
    throw unreadable(file, id, error);
  }
}

function unreadable(file: string, id: number | string | undefined, error: unknown): BadData {
  const why = (error as Error).message.split('\n')[0];
  return new BadData({ kind: 'unreadable-image', file, id, message: `Cannot decode image "${file}": ${why}` });
}

function grayToRgb(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0, j = 0; i < gray.length; i++, j += 3) rgb[j] = rgb[j + 1] = rgb[j + 2] = gray[i];
  return rgb;
}
