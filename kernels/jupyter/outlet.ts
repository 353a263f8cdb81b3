// Where a session's messages go: to the I/O thread, or, without Jupyter, to a collector of outputs.

import type { Worker } from 'node:worker_threads';
import type { Content } from './protocol';
import { type Request, Slot, type ToIo } from './threads';

export interface Outlet {
  publish(type: string, content: Content, parent: Request | undefined, extras?: Extras): void;
  stream(name: 'stdout' | 'stderr', text: string, parent: Request | undefined): void;
  reply(type: string, content: Content, parent: Request, metadata?: Content): void;
  /** Asks the front end that sent `parent` for input, in a message with this id. */
  ask(id: string, content: Content, parent: Request): void;
}

export interface Extras {
  metadata?: Content;
  /** Handed over: they are no longer the caller's. */
  buffers?: Uint8Array<ArrayBuffer>[];
}

/** Output that may wait to be sent before the program that makes it is made to wait. */
const HIGH_WATER = 64 * 1024 * 1024;
const LONGEST_WAIT_MS = 60_000;

/** Posts to the I/O thread; a cell that prints faster than the front end reads is slowed down, not cut. */
export function createOutlet(worker: Worker, shared: Int32Array): Outlet {
  const post = (message: ToIo, transfer: ArrayBuffer[] = []) => worker.postMessage(message, transfer);

  function count(bytes: number, send: () => void) {
    const queued = Atomics.add(shared, Slot.QueuedBytes, bytes) + bytes;
    send();
    if (queued < HIGH_WATER) return;
    const deadline = Date.now() + LONGEST_WAIT_MS;
    for (let now = queued; now > HIGH_WATER / 2 && Date.now() < deadline; ) {
      Atomics.wait(shared, Slot.QueuedBytes, now, 100);
      now = Atomics.load(shared, Slot.QueuedBytes);
    }
  }

  return {
    publish(type, content, parent, { metadata, buffers = [] } = {}) {
      const bytes = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
      const message: ToIo = { op: 'publish', type, content, parent: parent?.seq ?? 0, metadata, buffers, bytes };
      const send = () =>
        post(
          message,
          buffers.map(({ buffer }) => buffer),
        );
      if (bytes) count(bytes, send);
      else send();
    },
    reply: (type, content, parent, metadata) => post({ op: 'reply', type, content, parent: parent.seq, metadata }),
    ask: (id, content, parent) => post({ op: 'ask', id, content, parent: parent.seq }),
    stream(name, text, parent) {
      count(text.length, () => post({ op: 'stream', name, text, parent: parent?.seq ?? 0 }));
    },
  };
}
