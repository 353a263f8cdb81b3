// What cell code hands to a comm, made fit to leave the process: JSON is copied and bytes too, so that the cell may go
// on changing its own.

import { inspect } from 'node:util';
import type { Content } from '../protocol/wire-message';

/** A copy of an object as JSON keeps it. */
export function contentOf(value: unknown, what: string): Content {
  let copy: unknown;
  try {
    copy = JSON.parse(JSON.stringify(value) ?? 'null');
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new TypeError(`Cannot send ${what}: it does not fit JSON (${reason}). Binary data goes into \`buffers\``);
  }
  if (typeof copy !== 'object' || copy === null || Array.isArray(copy)) {
    const shown = inspect(value, { depth: 0, maxStringLength: 40, breakLength: Number.POSITIVE_INFINITY });
    throw new TypeError(`Cannot send ${what}: expected an object, received ${shown}; put it in one, as { value }`);
  }
  return copy as Content;
}

/** A copy of binary data, of exactly the bytes it shows. */
export function bytesOf(data: ArrayBuffer | ArrayBufferView, what: string): Uint8Array<ArrayBuffer> {
  if (ArrayBuffer.isView(data)) {
    return new Uint8Array(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  if (data instanceof ArrayBuffer) return new Uint8Array(data.slice(0));
  const shown = inspect(data, { depth: 0, maxStringLength: 40 });
  throw new TypeError(`Cannot send the buffers of ${what}: expected ArrayBuffers or views of them, received ${shown}`);
}
