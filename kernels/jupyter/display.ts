// Turns the value of a cell's last expression into a MIME bundle.

import { inspect } from 'node:util';

export type Bundle = Record<string, unknown>;

const DISPLAY = Symbol.for('Jupyter.display');
const IS_JSON = /^application\/(?:.*\+)?json$/;
const IS_TEXT = /^text\/|^image\/svg\+xml$|^application\/javascript$/;
const MOST_VALUES_SHOWN = 1000;

interface TensorLike {
  dtype: string;
  shape: number[];
  size: number;
  isDisposed: boolean;
  toString(verbose?: boolean): string;
}

/** A tf.Tensor by its looks: the kernel knows nothing of TensorFlow.js, and there may be two copies of it. */
const isTensor = (value: object): value is TensorLike =>
  'dataId' in value &&
  'dtype' in value &&
  Array.isArray((value as unknown as TensorLike).shape) &&
  'isDisposed' in value;

function tensorText(tensor: TensorLike): string {
  const head = `Tensor ${tensor.dtype} [${tensor.shape.join(', ')}]`;
  if (tensor.isDisposed) return `${head}, disposed`;
  if (tensor.size > MOST_VALUES_SHOWN) return `${head}, ${tensor.size.toLocaleString('en')} values`;
  const [, ...values] = tensor.toString(false).split('\n');
  return [head, ...values].join('\n');
}

/** Makes a bundle fit for a message: images in base64, JSON types as JSON, everything else as text. */
export function cleanBundle(bundle: Bundle): Bundle {
  const clean: Bundle = {};
  for (const [type, value] of Object.entries(bundle)) {
    if (value === undefined || value === null) continue;
    if (value instanceof Uint8Array) {
      const bytes = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      clean[type] = bytes.toString(IS_TEXT.test(type) ? 'utf8' : 'base64');
    } else if (IS_JSON.test(type)) {
      clean[type] = JSON.parse(JSON.stringify(value));
    } else {
      clean[type] = Array.isArray(value) ? value.join('') : typeof value === 'string' ? value : inspect(value);
    }
  }
  return clean;
}

/** The bundle of a value; undefined for a value that shows nothing. */
export async function toBundle(value: unknown): Promise<Bundle | undefined> {
  if (value === undefined) return undefined;
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    const display = (value as Record<symbol, unknown>)[DISPLAY];
    if (typeof display === 'function') {
      const bundle = (await display.call(value)) as Bundle | undefined;
      if (bundle && typeof bundle === 'object') return cleanBundle(bundle);
    }
    if (typeof value === 'object' && isTensor(value)) return { 'text/plain': tensorText(value) };
  }
  return { 'text/plain': inspect(value, { depth: 4, maxArrayLength: 100, maxStringLength: 10_000 }) };
}
