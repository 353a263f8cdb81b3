// Images: bytes of an image file, canvases (of @napi-rs/canvas, or objects with the same methods), ImageData, blobs,
// and sharp pipelines. Each has a PNG, JPEG or HTML form, which all front ends show.

import { types } from 'node:util';
import { type Draft, type Metadata, type Shown, shownOf } from './bundle';
import { type ImageType, imageDimensions, imageType } from './image-size';

const NAMES: Record<ImageType, string> = {
  'image/png': 'PNG',
  'image/jpeg': 'JPEG',
  'image/gif': 'GIF',
  'image/webp': 'WebP',
  'image/svg+xml': 'SVG',
};

const sizeText = (bytes: Uint8Array) => {
  const size = imageDimensions(bytes);
  return size ? `, ${size.width} × ${size.height}` : '';
};

/** Loaded when first needed: the kernel also runs without it. */
const loadSharp = async () => (await import('sharp')).default;

/** Adds a PNG at twice the size of the SVG, for front ends that do not show untrusted SVG. */
export async function withPng(svg: string, shown: Shown): Promise<Shown> {
  const sharp = await loadSharp();
  const image = sharp(Buffer.from(svg), { density: 144 });
  const { data, info } = await image.png().toBuffer({ resolveWithObject: true });
  const metadata: Metadata = { 'image/png': { width: Math.min(960, Math.ceil(info.width / 2)) }, ...shown.metadata };
  return { data: { ...shown.data, 'image/png': data.toString('base64') }, metadata };
}

/** Bytes of an image file; undefined for other bytes. */
export function bytesDraft(bytes: Uint8Array): Draft | undefined {
  const type = imageType(bytes);
  if (!type) return undefined;
  const text = `<${NAMES[type]} image${sizeText(bytes)}>`;
  if (type === 'image/gif') {
    // front ends would prefer a PNG, which is not animated, or do not support GIF: all of them show HTML
    const base64 = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
    const html = `<img alt="GIF image" style="max-width:100%" src="data:image/gif;base64,${base64}">`;
    return shownOf({ 'text/html': html, [type]: bytes, 'text/plain': text });
  }
  const shown = shownOf({ [type]: bytes, 'text/plain': text });
  if (type === 'image/svg+xml') return { ...shown, finish: () => withPng(String(shown.data[type]), shown) };
  if (type !== 'image/webp') return shown;
  return {
    ...shown,
    finish: async () => {
      const png = await (await loadSharp())(bytes).png().toBuffer();
      return shownOf({ ...shown.data, 'image/png': png });
    },
  };
}

interface CanvasLike {
  width: number;
  height: number;
  toBuffer?(type: 'image/png'): Uint8Array;
  toDataURL(): string;
}

const isCanvas = (value: object): value is CanvasLike => {
  const canvas = value as Partial<CanvasLike> & { getContext?: unknown };
  return (
    typeof canvas.toDataURL === 'function' &&
    typeof canvas.getContext === 'function' &&
    typeof canvas.width === 'number' &&
    typeof canvas.height === 'number'
  );
};

function canvasShown(canvas: CanvasLike): Shown {
  const png =
    typeof canvas.toBuffer === 'function'
      ? canvas.toBuffer('image/png')
      : Buffer.from(canvas.toDataURL().replace(/^data:image\/png;base64,/, ''), 'base64');
  return shownOf({ 'image/png': png, 'text/plain': `<Canvas, ${canvas.width} × ${canvas.height}>` });
}

interface PixelsLike {
  width: number;
  height: number;
  data: Uint8ClampedArray;
}

const isImageData = (value: object): value is PixelsLike => {
  const { width, height, data } = value as PixelsLike;
  return types.isUint8ClampedArray(data) && data.length > 0 && data.length === 4 * width * height;
};

async function pixelsShown({ width, height, data }: PixelsLike): Promise<Shown> {
  const sharp = await loadSharp();
  const png = await sharp(data, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
  return shownOf({ 'image/png': png, 'text/plain': `<ImageData, ${width} × ${height}>` });
}

/** An image that was loaded to be drawn on a canvas: it keeps the bytes it came from. */
function loadedBytes(value: object): Uint8Array | undefined {
  const image = value as { naturalWidth?: unknown; src?: unknown };
  return typeof image.naturalWidth === 'number' && types.isUint8Array(image.src) ? image.src : undefined;
}

interface SharpLike {
  clone(): SharpLike;
  png(): SharpLike;
  toBuffer(options: { resolveWithObject: true }): Promise<{ data: Buffer; info: { width: number; height: number } }>;
}

const isSharp = (value: object): value is SharpLike =>
  value.constructor?.name === 'Sharp' && ['clone', 'png', 'toBuffer'].every((name) => name in value);

async function sharpShown(image: SharpLike): Promise<Shown> {
  const { data, info } = await image.clone().png().toBuffer({ resolveWithObject: true });
  return shownOf({ 'image/png': data, 'text/plain': `<Sharp image, ${info.width} × ${info.height}>` });
}

/** Undefined for values that are not images. */
export function imageDraft(value: object): Draft | Promise<Draft> | undefined {
  if (types.isUint8Array(value)) return bytesDraft(value);
  if (isCanvas(value)) return canvasShown(value);
  if (isImageData(value)) return pixelsShown({ width: value.width, height: value.height, data: value.data.slice() });
  if (isSharp(value)) return sharpShown(value);
  if (value instanceof Blob && /^image\//.test(value.type)) {
    return value
      .arrayBuffer()
      .then((buffer) => bytesDraft(new Uint8Array(buffer)) ?? shownOf({ 'text/plain': `<${value.type}>` }));
  }
  const bytes = loadedBytes(value);
  return bytes && bytesDraft(bytes);
}
