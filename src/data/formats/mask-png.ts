// The small PNG images in which labelme and Supervisely keep the mask of an object, in base64.

import { inflateSync } from 'node:zlib';
import sharp from 'sharp';
import { pixelLimit } from '../loading/pixel-limit';
import type { Bitmap } from './outlines';

const MAX_BYTES = 64 * 2 ** 20;

/**
 * The mask: opaque pixels where there is transparency, else those that are not black.
 * @param deflated the bytes are compressed once more (Supervisely)
 * @returns undefined for what is no such image
 */
export async function maskOfPng(base64: unknown, deflated = false): Promise<Bitmap | undefined> {
  if (typeof base64 !== 'string' || base64.length > MAX_BYTES) return undefined;
  try {
    const bytes = Buffer.from(base64, 'base64');
    const image = sharp(deflated ? inflateSync(bytes, { maxOutputLength: MAX_BYTES }) : bytes, {
      limitInputPixels: pixelLimit(),
    });
    const { hasAlpha } = await image.metadata();
    const channel = hasAlpha ? image.extractChannel('alpha') : image.toColourspace('b-w').extractChannel(0);
    const { data, info } = await channel.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data };
  } catch {
    return undefined;
  }
}
