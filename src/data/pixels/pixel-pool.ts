// Who owns arrays of 8-bit pixels. Each image on its way through a pipeline is replaced several times; megabytes that are
// allocated and dropped so often keep the garbage collector busy, and the kernel, which gives out cleared pages. So an array
// that nobody refers to any longer is used again or, if a decoder allocated it, freed at once.

import { pixelKernels } from './native';

/** Bytes that wait for their next use, in each thread. */
const LIMIT = 24 * 2 ** 20;

const waiting: Uint8Array[] = [];
let bytes = 0;
/** Arrays with one owner, a sample of a pipeline. */
const owned = new WeakSet<object>();

/** An array of that length, of which every value must be written: it has those of its last use. */
export function takePixels(length: number): Uint8Array {
  const at = waiting.findLastIndex((array) => array.length === length);
  const array = at < 0 ? new Uint8Array(length) : waiting.splice(at, 1)[0];
  if (at >= 0) bytes -= length;
  owned.add(array);
  return array;
}

/** A new array of a decoder, which nothing else refers to. */
export function ownPixels(array: object): void {
  owned.add(array);
}

/** Gives an array back whose owner drops it; nothing happens to one that others may refer to. */
export function returnPixels(array: object): void {
  if (!(array instanceof Uint8Array) || !owned.delete(array)) return;
  if (array.byteLength !== array.buffer.byteLength) return;
  // a browser has no Buffer
  if (typeof Buffer !== 'undefined' && Buffer.isBuffer(array)) {
    pixelKernels()?.free(array);
    return;
  }
  waiting.push(array);
  bytes += array.length;
  while (bytes > LIMIT) bytes -= waiting.shift()!.length;
}

/** Others refer to the array too: it is never given back. */
export function keepPixels(array: object): void {
  owned.delete(array);
}
