// The pixels of an image in a browser, as Node's decoder gives them (8-bit RGB, EXIF orientation applied, colour profiles
// ignored, alpha dropped): the browser decodes. Its JPEG decoder may round a value differently; PNG is exact where it is opaque.

import { pixelLimit } from '../data/loading/pixel-limit';
import { type PixelInput, pixelsOf } from '../data/sources/pixels-of';
import type { PixelImage } from '../data/types';
import { DetLabError } from '../errors';

/** A file or its bytes, what a page shows, or pixels. */
export type ImageSource = Blob | ArrayBuffer | ImageBitmap | HTMLImageElement | HTMLVideoElement | PixelInput;

const FORMATS = 'JPEG, PNG, WebP, GIF, BMP or AVIF';

/**
 * 8-bit RGB pixels of an image.
 *
 * @param name of the image in messages; by default a file's own
 * @throws DetLabError for what is no image, is cut off, or has too many pixels for this browser
 * @example const { width, height } = await imagePixels(input.files[0]);
 */
export async function imagePixels(source: ImageSource, name = nameOf(source)): Promise<PixelImage> {
  if (source instanceof ArrayBuffer) return ofFile(new Blob([source]), name);
  if (source instanceof Blob) return ofFile(source, name);
  if (source instanceof ImageBitmap) return ofBitmap(source, name);
  if (isElement(source)) return ofOwnBitmap(await createImageBitmap(source, EXACT), name);
  return pixelsOf(source);
}

const EXACT: ImageBitmapOptions = {
  colorSpaceConversion: 'none',
  imageOrientation: 'from-image',
  premultiplyAlpha: 'none',
};

const nameOf = (source: ImageSource): string => (source instanceof File ? source.name : 'image');

/** Elements are of a page: a worker has none. */
function isElement(source: unknown): source is HTMLImageElement | HTMLVideoElement {
  const { HTMLImageElement: Picture, HTMLVideoElement: Video } = globalThis as Partial<typeof globalThis>;
  return (Picture !== undefined && source instanceof Picture) || (Video !== undefined && source instanceof Video);
}

async function ofFile(file: Blob, name: string): Promise<PixelImage> {
  const fail = (why: string, error?: unknown) => new DetLabError(`Cannot read "${name}": ${why}`, { cause: error });
  if (file.size === 0) throw fail('the file is empty');
  const bytes = new Uint8Array(
    await file.arrayBuffer().catch((error) => {
      throw fail('it is a folder, or may not be read', error);
    }),
  );
  // browsers show what there is of a file that was cut off
  if (isCutOff(bytes)) throw fail('the image is cut off: its end is missing. Copy or download it again');
  const bitmap = await createImageBitmap(new Blob([bytes]), EXACT).catch((error) => {
    throw fail(
      looksLikeImage(bytes)
        ? 'the image is damaged'
        : `it is no image that this browser knows. Expected ${FORMATS}; convert others, such as TIFF and HEIC, to PNG`,
      error,
    );
  });
  return ofOwnBitmap(bitmap, name);
}

/** Whether a JPEG or a PNG lacks its end. */
function isCutOff(bytes: Uint8Array): boolean {
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return !hasNearEnd(bytes, [0xff, 0xd9]);
  if (bytes[0] === 0x89 && bytes[1] === 0x50) return !hasNearEnd(bytes, [0x49, 0x45, 0x4e, 0x44]);
  return false;
}

/** Cameras write other data after the image. */
function hasNearEnd(bytes: Uint8Array, mark: readonly number[]): boolean {
  for (let i = bytes.length - mark.length; i > 0; i--) if (mark.every((byte, k) => bytes[i + k] === byte)) return true;
  return false;
}

function looksLikeImage([a, b, c, d]: Uint8Array): boolean {
  const start = String.fromCharCode(a, b, c, d);
  return start.startsWith('\xff\xd8') || ['\x89PNG', 'GIF8', 'RIFF'].includes(start) || start.startsWith('BM');
}

function ofOwnBitmap(bitmap: ImageBitmap, name: string): PixelImage {
  try {
    return ofBitmap(bitmap, name);
  } finally {
    bitmap.close();
  }
}

function ofBitmap(bitmap: ImageBitmap, name: string): PixelImage {
  const { width, height } = bitmap;
  try {
    if (width * height > pixelLimit())
      throw new Error(
        `it has ${width} x ${height} pixels, ${pixelLimit().toLocaleString('en')} are read in a browser at most. Reduce it, or use ` +
          'detlab predict --tiles',
      );
    const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
    if (!context) throw new Error(`this browser has no canvas of ${width} x ${height} pixels. Reduce the image`);
    context.drawImage(bitmap, 0, 0);
    return { data: withoutAlpha(context.getImageData(0, 0, width, height).data), width, height, order: 'rgb' };
  } catch (error) {
    throw new DetLabError(`Cannot read "${name}": ${(error as Error).message}`, { cause: error });
  }
}

function withoutAlpha(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from];
    rgb[to + 1] = rgba[from + 1];
    rgb[to + 2] = rgba[from + 2];
  }
  return rgb;
}
