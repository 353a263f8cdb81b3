// BMP files, which sharp's libvips does not read: decoded by Skia, with the result of cv2.imread(IMREAD_COLOR): alpha is
// dropped, 5- and 6-bit channels fill the upper bits.

import { DetLabError } from '../../errors';
import { requirePixels } from './pixel-limit';

/** Bytes of the file header and of the first fields of BITMAPINFOHEADER. */
const FILE_HEADER = 14;
const CORE_HEADER = 12;
/** The header from which on there is an alpha mask (BITMAPV3INFOHEADER), and its place. */
const ALPHA_HEADER = 56;
const ALPHA_MASK = FILE_HEADER + 52;
/** Values of the field "compression": rows of a fixed length, and those of them with masks of the channels. */
const FIXED_ROWS = [0, 3, 6];
const MASKED = [3, 6];
const GREEN_MASK = FILE_HEADER + 44;

export const isBmp = (bytes: Uint8Array): boolean => bytes[0] === 0x42 && bytes[1] === 0x4d;

interface BmpHeader {
  width: number;
  height: number;
  /** Length of the file up to the last pixel, as far as the header says. */
  end: number;
  headerSize: number;
  /** Significant bits of red and green (blue: as red), in place. */
  significant: [number, number];
}

/** @throws DetLabError for a header that is cut off, or an image without pixels */
export function bmpHeader(bytes: Uint8Array): BmpHeader {
  if (bytes.length < FILE_HEADER + CORE_HEADER) throw new DetLabError('the BMP header is cut off');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const start = view.getUint32(10, true);
  const headerSize = view.getUint32(14, true);
  const core = headerSize === CORE_HEADER; // OS/2's: sides of 16 bits
  if (!core && bytes.length < FILE_HEADER + 40) throw new DetLabError('the BMP header is cut off');
  const width = core ? view.getUint16(18, true) : view.getInt32(18, true);
  // a negative height: the first row is the upper one
  const height = Math.abs(core ? view.getInt16(20, true) : view.getInt32(22, true));
  const bits = view.getUint16(core ? 24 : 28, true);
  const compression = core ? 0 : view.getUint32(30, true);
  if (width <= 0 || height <= 0) throw new DetLabError(`the BMP header gives ${width} x ${height} pixels`);
  const length = FIXED_ROWS.includes(compression)
    ? height * 4 * Math.ceil((width * bits) / 32)
    : view.getUint32(34, true);
  const masked = MASKED.includes(compression) && bytes.length >= GREEN_MASK + 4;
  const sixBitGreen = masked && view.getUint32(GREEN_MASK, true) === 0x7e0;
  const significant: [number, number] = bits === 16 ? [0xf8, sixBitGreen ? 0xfc : 0xf8] : [0xff, 0xff];
  return { width, height, end: start + length, headerSize, significant };
}

/**
 * Pixels [height, width, 3], RGB.
 * @throws DetLabError for files that are cut off or too large; Skia's error for variants that it does not know
 */
export async function decodeBmp(bytes: Uint8Array): Promise<{ data: Uint8Array; width: number; height: number }> {
  const { width, height, end, headerSize, significant } = bmpHeader(bytes);
  requirePixels(width, height);
  if (end > bytes.length) throw new DetLabError(`the file is cut off: expected ${end} bytes, received ${bytes.length}`);
  const { createCanvas, loadImage } = await import('@napi-rs/canvas');
  const opaque = Buffer.from(bytes);
  // a canvas multiplies colours with their alpha, so that those of transparent pixels are lost
  if (headerSize >= ALPHA_HEADER && opaque.length >= ALPHA_MASK + 4) opaque.fill(0, ALPHA_MASK, ALPHA_MASK + 4);
  const image = await loadImage(opaque);
  const context = createCanvas(width, height).getContext('2d');
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, width, height).data;
  const data = new Uint8Array(width * height * 3);
  const [red, green] = significant;
  for (let i = 0, j = 0; j < data.length; i += 4, j += 3) {
    data[j] = rgba[i] & red;
    data[j + 1] = rgba[i + 1] & green;
    data[j + 2] = rgba[i + 2] & red;
  }
  return { data, width, height };
}
