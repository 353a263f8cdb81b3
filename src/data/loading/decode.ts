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
 * @param backend whose conversion to RGB is followed, mmcv's `imdecode_backend`
 * @throws BadData (`missing-image`, `unreadable-image`) naming the file and `id`; truncated files count as unreadable.
 * @example const { width, height } = await decodeImage('street.jpg');
 */
export async function decodeImage(
  source: string | Uint8Array,
  id?: number | string,
  backend: 'cv2' | 'pillow' = 'cv2',
): Promise<PixelImage> {
  const file = typeof source === 'string' ? source : '(bytes)';
  const bytes = typeof source === 'string' ? await readImage(source, id) : source;
  try {
    const image = backend === 'pillow' ? await decodedAsByPillow(bytes) : undefined;
    if (image) return image;
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

/** What mmcv puts below a transparent gray image that pillow reads: red, green, blue. */
const BELOW = [124, 117, 104];

/**
 * A gray image with transparency as mmcv's pillow backend gives it, laid on a plain colour; undefined for images that both
 * backends read alike.
 * @throws Error for images whose colours pillow converts in its own way, which is not reproduced
 */
async function decodedAsByPillow(bytes: Uint8Array): Promise<PixelImage | undefined> {
  const { channels, depth, space, hasAlpha } = await sharp(bytes, DECODE).metadata();
  if (space === 'cmyk' || (depth !== 'uchar' && channels === 1))
    throw new Error(
      `imdecode_backend "pillow" is not reproduced for ${space === 'cmyk' ? 'CMYK' : '16-bit gray'} images: use "cv2"`,
    );
  if (channels !== 2 || !hasAlpha) return undefined;
  const { data, info } = await sharp(bytes, DECODE).raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let i = 0, o = 0; i < data.length; i += info.channels) {
    const [gray, alpha] = [data[i], data[i + info.channels - 1]];
    for (const below of BELOW) {
      const sum = below * (255 - alpha) + gray * alpha + 128;
      rgb[o++] = ((sum >> 8) + sum) >> 8; // / 255, rounded
    }
  }
  return { data: rgb, width: info.width, height: info.height, order: 'rgb' };
}

function grayToRgb(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0, j = 0; i < gray.length; i++, j += 3) rgb[j] = rgb[j + 1] = rgb[j + 2] = gray[i];
  return rgb;
}
