// Copies the data that cell code sends over a comm, so that the cell may go on changing its own objects and bytes.

import { inspect } from 'node:util';
import type { Content } from '../protocol/wire-message';

/** A copy of an object, by way of JSON. */
export function contentOf(value: unknown, what: string): Content {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new TypeError(
      `Cannot send ${what}: it cannot be written as JSON (${reason}). Put binary data into \`buffers\``,
    );
  }
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    const shown = inspect(value, { depth: 0, maxStringLength: 40, breakLength: Number.POSITIVE_INFINITY });
    throw new TypeError(`Cannot send ${what}: expected an object, received ${shown}. Wrap it: { value }`);
  }
  return copy as Content;
}

/** A copy of exactly the bytes of a buffer or view. */
export function bytesOf(data: ArrayBuffer | ArrayBufferView, what: string): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  const shown = inspect(data, { depth: 0, maxStringLength: 40 });
  throw new TypeError(`Cannot send the buffers of ${what}: expected ArrayBuffers or views of them, received ${shown}`);
}
