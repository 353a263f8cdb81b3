// Decodes image bytes to 8-bit RGB with the result of `cv2.imread(..., IMREAD_COLOR)`: EXIF orientation applied, alpha
// dropped, colour profiles ignored, 16 bits truncated to 8. sharp (libvips) decodes on libuv's pool; BMP, PBM, PGM and PPM,
// which it lacks, are decoded beside it. The format is that of the bytes, whatever the file is called.

import sharp from 'sharp';
import { BadData } from '../bad-data';
import type { PixelImage } from '../types';
import { bmpHeader, decodeBmp, isBmp } from './bmp';
import { LIMITS, readBounded, readStart } from './bounded-read';
import { cmykToRgb, isCmykJpeg } from './cmyk';
import { pixelLimit, requirePixels } from './pixel-limit';
import { decodePnm, isPnm, pnmHeader } from './pnm';

type RawPixels = Pick<PixelImage, 'data' | 'width' | 'height'>;

/** Extensions of the formats that are read, the most frequent first. */
export const IMAGE_EXTENSIONS: readonly string[] = [
  ...['.jpg', '.jpeg', '.png', '.bmp', '.webp', '.tif', '.tiff', '.gif', '.ppm', '.pgm', '.pbm', '.pnm', '.avif'],
  ...['.jpe', '.jfif', '.dib'],
];

const READ_FORMATS = 'JPEG, PNG, BMP, WebP, TIFF, GIF, AVIF, PPM, PGM or PBM';

const DECODE = { failOn: 'truncated', ignoreIcc: true, autoOrient: true } as const;

/**
 * Decodes a JPEG, PNG, BMP, WebP, TIFF... given as a path or as the file's bytes.
 *
 * @param backend whose conversion to RGB is followed, mmcv's `imdecode_backend`
 * @param name of bytes, for messages
 * @throws BadData (`missing-image`, `unreadable-image`) naming the file and `id`; truncated files count as unreadable.
 * @example const { width, height } = await decodeImage('street.jpg');
 */
export async function decodeImage(
  source: string | Uint8Array,
  id?: number | string,
  backend: 'cv2' | 'pillow' = 'cv2',
  name = '(bytes)',
): Promise<PixelImage> {
  const file = typeof source === 'string' ? source : name;
  const bytes = typeof source === 'string' ? await readImage(source, id) : source;
  try {
    const bySharp = backend === 'pillow' ? decodeAsByPillow : decodeBySharp;
    const decode = isBmp(bytes) ? decodeBmp : isPnm(bytes) ? decodePnm : bySharp;
    return { ...(await decode(bytes)), order: 'rgb' };
  } catch (error) {
    throw unreadable(file, id, bytes.length === 0 ? EMPTY : error);
  }
}

/** The divisors of the sides at which libjpeg decodes. */
const DIVISORS = [8, 4, 2];

/**
 * Decodes a JPEG at 1/2, 1/4 or 1/8 of its size, whatever is smallest and at least as large as needed; any other image, and one of
 * which all is needed, as `decodeImage`.
 *
 * @throws BadData as `decodeImage`
 * @example await decodeReduced('street.jpg', 1, 'cv2', { of: () => [640, 480] }) // 960 x 540 of 1920 x 1080
 */
export async function decodeReduced(
  file: string,
  id: number | string | undefined,
  backend: 'cv2' | 'pillow',
  needed: { of(width: number, height: number): [number, number] },
): Promise<PixelImage> {
  const bytes = await readImage(file, id);
  try {
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8 || isCmykJpeg(bytes)) return await decodeImage(bytes, id, backend, file);
    const full = await sharpSize(bytes);
    requirePixels(full.width, full.height);
    const [width, height] = needed.of(full.width, full.height);
    const reduced = DIVISORS.map((by) => ({ width: Math.ceil(full.width / by), height: Math.ceil(full.height / by) }));
    const size = reduced.find((one) => one.width >= width && one.height >= height);
    if (!size) return await decodeImage(bytes, id, backend, file);
    const { data, info } = await sharp(bytes, { ...DECODE, limitInputPixels: pixelLimit() })
      .resize({ ...size, fit: 'fill', fastShrinkOnLoad: true })
      .toColourspace('srgb')
      .removeAlpha()
      .raw({ depth: 'uchar' })
      .toBuffer({ resolveWithObject: true });
    return {
      data: info.channels === 1 ? grayToRgb(data) : data,
      width: info.width,
      height: info.height,
      order: 'rgb',
      full,
    };
  } catch (error) {
    throw error instanceof BadData ? error : unreadable(file, id, error);
  }
}

/** Width and height as `decodeImage` gives them (orientation applied), from the file's header alone. */
export async function imageSize(file: string, id?: number | string): Promise<{ width: number; height: number }> {
  const start = await jpegSize(file);
  if (start) return start;
  const bytes = await readImage(file, id);
  try {
    const { width, height } = isBmp(bytes)
      ? bmpHeader(bytes)
      : isPnm(bytes)
        ? pnmHeader(bytes)
        : await sharpSize(bytes);
    requirePixels(width, height);
    return { width, height };
  } catch (error) {
    throw unreadable(file, id, bytes.length === 0 ? EMPTY : error);
  }
}

/** Bytes of a JPEG that hold its size and orientation, unless a large profile comes first. */
const JPEG_HEADER = 2 ** 17;

/** The size of a JPEG by its first bytes, so that the size of many images is known soon; undefined: not known by them. */
async function jpegSize(file: string): Promise<{ width: number; height: number } | undefined> {
  try {
    const bytes = await readStart(file, JPEG_HEADER);
    if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return undefined;
    const { width, height } = await sharpSize(bytes);
    requirePixels(width, height);
    return { width, height };
  } catch {
    return undefined; // said when the whole file is read
  }
}

async function sharpSize(source: Uint8Array | string, page = 0): Promise<{ width: number; height: number }> {
  // without libvips's limit, whose message says neither the size nor what to do
  return (await sharp(source, { ...DECODE, page, limitInputPixels: false }).metadata()).autoOrient;
}

/** One page of a TIFF file, by its number from 0. @param name of the page, for messages */
export async function decodePage(file: string, page: number, name: string): Promise<PixelImage> {
  try {
    return { ...(await decodeBySharp(file, page)), order: 'rgb' };
  } catch (error) {
    throw unreadable(name, undefined, error);
  }
}

/** @param source bytes, or a TIFF file */
async function decodeBySharp(source: Uint8Array | string, page = 0): Promise<RawPixels> {
  const limit = pixelLimit();
  const image = sharp(source, { ...DECODE, page, limitInputPixels: limit });
  const isFile = typeof source === 'string';
  try {
    // of TIFF, the other format that may have inks, libvips finds the components
    const inks =
      (!isFile && isCmykJpeg(source)) || ((isFile || isTiff(source)) && (await image.metadata()).space === 'cmyk');
    const decoded = inks
      ? image.pipelineColourspace('cmyk').toColourspace('cmyk')
      : image.toColourspace('srgb').removeAlpha();
    const { data, info } = await decoded.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    const rgb = inks ? cmykToRgb(data, info.channels) : info.channels === 1 ? grayToRgb(data) : data;
    return { data: rgb, width: info.width, height: info.height };
  } catch (error) {
    if (/pixel limit/.test((error as Error).message)) {
      const { width, height } = await sharpSize(source, page);
      requirePixels(width, height);
    }
    throw error;
  }
}

const isTiff = ([a, b]: Uint8Array): boolean => (a === 0x49 && b === 0x49) || (a === 0x4d && b === 0x4d);

/** Bytes of a file: four a pixel, for formats that do not compress. */
const fileLimit = (): number => Math.max(LIMITS.image, 4 * pixelLimit());

async function readImage(file: string, id?: number | string): Promise<Buffer> {
  try {
    return await readBounded(file, fileLimit(), { near: false });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT')
      throw new BadData({ kind: 'missing-image', file, id, message: `Cannot find image "${file}"` });
    const { message } = error as Error;
    const advice = /expected at most/.test(message)
      ? '. Save it as PNG, or raise DETLAB_MAX_PIXELS (four bytes a pixel)'
      : '';
    throw unreadable(file, id, new Error(message + advice));
  }
}

const EMPTY = new Error('the file is empty');

function unreadable(file: string, id: number | string | undefined, error: unknown): BadData {
  const [why] = (error as Error).message.split('\n');
  const reason = /unsupported image format/.test(why)
    ? `its bytes are no image of a format that is read (${READ_FORMATS}). Convert it to PNG`
    : why;
  return new BadData({ kind: 'unreadable-image', file, id, message: `Cannot decode image "${file}": ${reason}` });
}

/** What mmcv puts below a transparent gray image that pillow reads: red, green, blue. */
const BELOW = [124, 117, 104];

/**
 * As mmcv's pillow backend decodes: a gray image with transparency is laid on a plain colour, others are as by cv2.
 * @throws Error for images whose colours pillow converts in its own way, which is not reproduced
 */
async function decodeAsByPillow(bytes: Uint8Array): Promise<RawPixels> {
  const image = sharp(bytes, { ...DECODE, limitInputPixels: pixelLimit() });
  const { channels, depth, space, hasAlpha } = await image.metadata();
  if (space === 'cmyk' || (depth !== 'uchar' && channels === 1))
    throw new Error(
      `imdecode_backend "pillow" is not reproduced for ${space === 'cmyk' ? 'CMYK' : '16-bit gray'} images: use "cv2"`,
    );
  if (channels !== 2 || !hasAlpha) return decodeBySharp(bytes);
  const { data, info } = await image.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  const rgb = new Uint8Array(info.width * info.height * 3);
  for (let i = 0, o = 0; i < data.length; i += info.channels) {
    const [gray, alpha] = [data[i], data[i + info.channels - 1]];
    for (const below of BELOW) {
      const sum = below * (255 - alpha) + gray * alpha + 128;
      rgb[o++] = ((sum >> 8) + sum) >> 8; // / 255, rounded
    }
  }
  return { data: rgb, width: info.width, height: info.height };
}

function grayToRgb(gray: Uint8Array): Uint8Array {
  const rgb = new Uint8Array(gray.length * 3);
  for (let i = 0, j = 0; i < gray.length; i++, j += 3) rgb[j] = rgb[j + 1] = rgb[j + 2] = gray[i];
  return rgb;
}
