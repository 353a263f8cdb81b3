// 8-bit RGB pixels of what programs hold images in: { data, width, height } of one, three or four channels (ImageData), a canvas
// of the browser's interface, a tensor [height, width, channels]. Alpha is dropped, as it is of files.

import { DetLabError, nameOfValue } from '../../errors';
import { requirePixels } from '../loading/pixel-limit';
import type { PixelImage } from '../types';

/** Pixels of any of these forms. `order` is of three channels; default: rgb. */
export interface RawImage {
  data: Uint8Array | Uint8ClampedArray;
  width: number;
  height: number;
  order?: 'rgb' | 'bgr';
}

/** A canvas: of @napi-rs/canvas, node-canvas or a browser. */
export interface CanvasLike {
  width: number;
  height: number;
  getContext(type: '2d'): { getImageData(x: number, y: number, width: number, height: number): RawImage } | null;
}

/** A tensor [height, width, channels] of values 0 to 255; it is not disposed of. */
export interface TensorLike {
  shape: number[];
  dtype: string;
  isDisposed?: boolean;
  data(): Promise<ArrayLike<number> | string[]>;
}

export type PixelInput = RawImage | CanvasLike | TensorLike;

const EXPECTED =
  'expected a path, an address, the bytes of a file, { data, width, height } of 8-bit values, a canvas, or a tensor [height, width, 3]';

/** @throws DetLabError for what is no image, and for values that cannot be 8-bit pixels */
export async function pixelsOf(input: unknown): Promise<PixelImage> {
  if (isTensor(input)) return ofTensor(input);
  if (isCanvas(input)) return ofCanvas(input);
  if (typeof input === 'object' && input !== null && 'data' in input) return ofRaw(input as RawImage);
  throw new DetLabError(`Cannot predict on ${nameOfValue(input)}: ${EXPECTED}`);
}

const isTensor = (value: unknown): value is TensorLike =>
  typeof value === 'object' && value !== null && 'dtype' in value && Array.isArray((value as TensorLike).shape);

const isCanvas = (value: unknown): value is CanvasLike =>
  typeof value === 'object' && value !== null && typeof (value as CanvasLike).getContext === 'function';

function ofCanvas(canvas: CanvasLike): PixelImage {
  const { width, height } = canvas;
  requireSide('a canvas', width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new DetLabError('Cannot predict on a canvas: it has no 2d context');
  return ofRaw(context.getImageData(0, 0, width, height));
}

function ofRaw(image: RawImage): PixelImage {
  const { data, width, height, order = 'rgb' } = image;
  const isBytes = data instanceof Uint8Array || data instanceof Uint8ClampedArray;
  const channels = data?.length / (width * height);
  if (!isBytes || ![1, 3, 4].includes(channels) || !(width > 0 && height > 0))
    throw new DetLabError(
      `Cannot predict on these pixels: expected { data: Uint8Array of height x width x 3 (or x 4, x 1), width, height, order }, received ` +
        `${isBytes || Array.isArray(data) ? data.length : nameOfValue(data)} values for ${width} x ${height}` +
        `${data !== undefined && !isBytes ? ` in a ${(data as object)?.constructor?.name}` : ''}`,
    );
  if (order !== 'rgb' && order !== 'bgr')
    throw new DetLabError(
      `Cannot predict on these pixels: order: expected "rgb" or "bgr", received ${nameOfValue(order)}`,
    );
  requireSide('these pixels', width, height);
  if (channels === 3 && data instanceof Uint8Array) return { data, width, height, order };
  return { data: threeChannels(data, channels), width, height, order: channels === 1 ? 'rgb' : order };
}

async function ofTensor(tensor: TensorLike): Promise<PixelImage> {
  const { shape, dtype, isDisposed } = tensor;
  const what = `a tensor [${shape.join(', ')}]`;
  if (isDisposed) throw new DetLabError(`Cannot predict on ${what}: it was disposed of`);
  const dims = shape.length === 4 && shape[0] === 1 ? shape.slice(1) : shape;
  const [height, width, channels = 1] = dims;
  if (![2, 3].includes(dims.length) || ![1, 3, 4].includes(channels) || dtype === 'string' || dtype === 'complex64')
    throw new DetLabError(
      `Cannot predict on ${what} of ${dtype}: expected [height, width, 3] with values 0 to 255.${tensorAdvice(shape)}`,
    );
  requireSide(what, width, height);
  const values = (await tensor.data()) as ArrayLike<number>;
  let highest = 0;
  for (let i = 0; i < values.length; i++) {
    if (!(values[i] >= 0 && values[i] <= 255))
      throw new DetLabError(`Cannot predict on ${what}: expected values 0 to 255, received ${values[i]}`);
    if (values[i] > highest) highest = values[i];
  }
  if (highest > 0 && highest <= 1 && dtype !== 'int32')
    throw new DetLabError(
      `Cannot predict on ${what}: its values are 0 to ${highest}, expected 0 to 255. Use x.mul(255)`,
    );
  const data = Uint8Array.from(values, Math.round);
  return { data: channels === 3 ? data : threeChannels(data, channels), width, height, order: 'rgb' };
}

function tensorAdvice(shape: readonly number[]): string {
  if (shape.length === 4) return ' Of a batch, give the images: tf.unstack(x)';
  return shape.length === 3 && [1, 3].includes(shape[0]) ? ' Use x.transpose([1, 2, 0])' : '';
}

function threeChannels(data: ArrayLike<number>, channels: number): Uint8Array {
  const pixels = data.length / channels;
  const out = new Uint8Array(3 * pixels);
  const [g, b] = channels === 1 ? [0, 0] : [1, 2];
  for (let i = 0, from = 0, to = 0; i < pixels; i++, from += channels, to += 3) {
    out[to] = data[from];
    out[to + 1] = data[from + g];
    out[to + 2] = data[from + b];
  }
  return out;
}

function requireSide(what: string, width: number, height: number): void {
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw new DetLabError(
      `Cannot predict on ${what}: expected a width and height of at least 1, received ${width} x ${height}`,
    );
  try {
    requirePixels(width, height);
  } catch (error) {
    throw new DetLabError(`Cannot predict on ${what}: ${(error as Error).message}`);
  }
}
