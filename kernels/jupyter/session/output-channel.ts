// Where a session's messages go: to the I/O thread, or, without Jupyter, to a collector of outputs.

import type { Worker } from 'node:worker_threads';
import { HIGH_WATER, type Request, Slot, type ToIo } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';

export interface OutputChannel {
  publish(type: string, content: Content, parent: Request | undefined, extras?: Extras): void;
  stream(name: 'stdout' | 'stderr', text: string, parent: Request | undefined): void;
  reply(type: string, content: Content, parent: Request, metadata?: Content): void;
  /** Asks the front end that sent `parent` for input, in a message with this id. */
  ask(id: string, content: Content, parent: Request): void;
  /** Waits until all of the above has been taken, and what native code has printed was put behind it. */
  fence?(): void;
  /** Has the read end of a pipe read to its end, as output of `parent`. */
  read?(fd: number, name: 'stdout' | 'stderr', parent: Request | undefined): void;
}

export interface Extras {
  metadata?: Content;
  /** Handed over: they are no longer the caller's. */
  buffers?: Uint8Array<ArrayBuffer>[];
}

const LONGEST_WAIT_MS = 60_000;
/** A longer text is sent in pieces: escaped as JSON it would be more than a string can hold. */
const PIECE = 256 * 1024;
/** A fence costs the time of two thread switches; one of this kind takes at most a quarter of a program's time. */
const QUICK_FENCE_MS = 5;
const FENCE_MS = 1000;
const SPARED_MS = 0.2;

/**
 * Posts to the I/O thread; a cell that prints faster than the front end reads is slowed down, not cut.
 *
 * @param hasPipes whether the I/O thread reads what native code prints
 */
export function createOutputChannel(worker: Worker, shared: Int32Array, hasPipes: boolean): OutputChannel {
  const post = (message: ToIo, transfer: ArrayBuffer[] = []) => {
    Atomics.add(shared, Slot.Posted, 1);
    worker.postMessage(message, transfer);
  };
  /** Waits until the I/O thread has taken all that was posted. */
  function wait(longest: number) {
    const until = performance.now() + longest;
    for (;;) {
      const handled = Atomics.load(shared, Slot.Handled);
      const left = until - performance.now();
      if (handled === Atomics.load(shared, Slot.Posted) || left <= 0) return;
      Atomics.wait(shared, Slot.Handled, handled, left);
    }
  }
  let nextFence = 0;

  /** Sends what counts as output under way; makes the program wait while there is too much of it. */
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
      for (let start = 0; start < text.length; ) {
        let end = Math.min(start + PIECE, text.length);
        if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
        const piece = text.slice(start, end);
        count(piece.length, () => post({ op: 'stream', name, text: piece, parent: parent?.seq ?? 0 }));
        start = end;
      }
      // Native code that prints next does so past the I/O thread: this line is to be there first.
      const now = performance.now();
      if (!hasPipes || now < nextFence) return;
      wait(QUICK_FENCE_MS);
      const then = performance.now();
      nextFence = then + Math.max(SPARED_MS, 3 * (then - now));
    },
    fence() {
      post({ op: 'fence' });
      wait(FENCE_MS);
    },
    read: (fd, name, parent) => post({ op: 'reader', fd, name, parent: parent?.seq ?? 0 }),
  };
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00;
