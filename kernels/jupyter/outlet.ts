// Where a session's messages go: to the I/O thread, or, without Jupyter, to a collector of outputs.

import type { Worker } from 'node:worker_threads';
import type { Content } from './protocol';
import { type Request, Slot, type ToIo } from './threads';

export interface Outlet {
  publish(type: string, content: Content, parent: Request | undefined): void;
  stream(name: 'stdout' | 'stderr', text: string, parent: Request | undefined): void;
  reply(type: string, content: Content, parent: Request): void;
}

/** Console output that may wait to be sent before the program that prints is made to wait. */
const HIGH_WATER = 64 * 1024 * 1024;
const LONGEST_WAIT_MS = 60_000;

/** Posts to the I/O thread; a cell that prints faster than the front end reads is slowed down, not cut. */
export function createOutlet(worker: Worker, shared: Int32Array): Outlet {
  const post = (message: ToIo) => worker.postMessage(message);
  return {
    publish: (type, content, parent) => post({ op: 'publish', type, content, parent: parent?.seq ?? 0 }),
    reply: (type, content, parent) => post({ op: 'reply', type, content, parent: parent.seq }),
    stream(name, text, parent) {
      const queued = Atomics.add(shared, Slot.QueuedBytes, text.length) + text.length;
      post({ op: 'stream', name, text, parent: parent?.seq ?? 0 });
      if (queued < HIGH_WATER) return;
      const deadline = Date.now() + LONGEST_WAIT_MS;
      for (let now = queued; now > HIGH_WATER / 2 && Date.now() < deadline; ) {
        Atomics.wait(shared, Slot.QueuedBytes, now, 100);
        now = Atomics.load(shared, Slot.QueuedBytes);
      }
    },
  };
}
