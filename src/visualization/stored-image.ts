// Pixels as a JPEG of limited size, as base64: how displays store photographs.

import sharp from 'sharp';
import type { PixelImage } from '../data/types';

export interface StoredImage {
  /** Base64. */
  jpeg: string;
  /** Size of the JPEG, in pixels. */
  width: number;
  height: number;
}

/**
 * An image as a JPEG whose longer side is at most `maxSide`; never enlarged.
 *
 * @param quality 1 to 100
 * @param mozjpeg a tenth smaller, in several times the time
 */
export async function storedImage(
  image: PixelImage,
  maxSide: number,
  quality: number,
  mozjpeg = true,
): Promise<StoredImage> {
  const { buffer, byteOffset, byteLength } = image.order === 'rgb' ? image.data : swapped(image.data);
  const scale = Math.min(1, maxSide / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * scale)));
  const jpeg = await sharp(Buffer.from(buffer, byteOffset, byteLength), {
    raw: { width: image.width, height: image.height, channels: 3 },
    limitInputPixels: false,
  })
    .resize(width, height, { fit: 'fill' })
    .jpeg({ quality, mozjpeg })
    .toBuffer();
  return { jpeg: jpeg.toString('base64'), width, height };
}

/** BGR to RGB. */
function swapped(data: Uint8Array): Uint8Array {
  const out = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i += 3) {
    out[i] = data[i + 2];
    out[i + 1] = data[i + 1];
    out[i + 2] = data[i];
  }
  return out;
}
