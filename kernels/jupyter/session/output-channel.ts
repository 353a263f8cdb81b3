// Where a session's messages go: to the I/O thread, or, without Jupyter, to a collector of outputs.

import type { Worker } from 'node:worker_threads';
import { HIGH_WATER, type Request, Slot, type ToIo } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';

export interface OutputChannel {
  publish(type: string, content: Content, parent: Request | undefined, extras?: Extras): void;
  stream(name: 'stdout' | 'stderr', text: string, parent: Request | undefined): void;
  reply(type: string, content: Content, parent: Request, metadata?: Content): void;
  /** Sends an `input_request` with this message id to the front end that sent `parent`. */
  requestInput(id: string, content: Content, parent: Request): void;
  /** Waits until all messages above are handled, and native output printed before them is in its place. */
  fence?(): void;
  /** Reads the read end of a pipe to its end, as output of `parent`. */
  readPipe?(fd: number, name: 'stdout' | 'stderr', parent: Request | undefined): void;
}

export interface Extras {
  metadata?: Content;
  /** Transferred: the caller can no longer use them. */
  buffers?: Uint8Array<ArrayBuffer>[];
}

const MAX_WAIT_MS = 60_000;
/** Longer texts are sent in pieces: escaped as JSON they could exceed the longest string. */
const PIECE = 256 * 1024;
/** A fence costs two thread switches; fences after console output take at most a quarter of a program's time. */
const STREAM_FENCE_MS = 5;
const FENCE_MS = 1000;
const MIN_PAUSE_MS = 0.2;

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit < 0xdc00;

/** Posts to the I/O thread; a cell that prints faster than the front end reads has to wait, and nothing is dropped. */
export class ThreadOutputChannel implements OutputChannel {
  /** Earliest time of the next fence after console output. */
  private nextFence = 0;

  /** @param hasPipes whether the I/O thread reads native output */
  constructor(
    private readonly worker: Worker,
    private readonly shared: Int32Array,
    private readonly hasPipes: boolean,
  ) {}

  publish(type: string, content: Content, parent: Request | undefined, { metadata, buffers = [] }: Extras = {}): void {
    const bytes = buffers.reduce((sum, { byteLength }) => sum + byteLength, 0);
    const message: ToIo = { op: 'publish', type, content, parent: parent?.seq ?? 0, metadata, buffers, bytes };
    const transfer = buffers.map(({ buffer }) => buffer);
    if (bytes) this.postCounted(message, bytes, transfer);
    else this.post(message, transfer);
  }

  reply(type: string, content: Content, parent: Request, metadata?: Content): void {
    this.post({ op: 'reply', type, content, parent: parent.seq, metadata });
  }

  requestInput(id: string, content: Content, parent: Request): void {
    this.post({ op: 'request-input', id, content, parent: parent.seq });
  }

  stream(name: 'stdout' | 'stderr', text: string, parent: Request | undefined): void {
    for (let start = 0; start < text.length; ) {
      let end = Math.min(start + PIECE, text.length);
      if (end < text.length && isHighSurrogate(text.charCodeAt(end - 1))) end--;
      const piece = text.slice(start, end);
      this.postCounted({ op: 'stream', name, text: piece, parent: parent?.seq ?? 0 }, piece.length);
      start = end;
    }
    // Native code may print next, through a pipe: this text has to be in place before.
    const now = performance.now();
    if (!this.hasPipes || now < this.nextFence) return;
    this.waitUntilHandled(STREAM_FENCE_MS);
    const then = performance.now();
    this.nextFence = then + Math.max(MIN_PAUSE_MS, 3 * (then - now));
  }

  fence(): void {
    this.post({ op: 'fence' });
    this.waitUntilHandled(FENCE_MS);
  }

  readPipe(fd: number, name: 'stdout' | 'stderr', parent: Request | undefined): void {
    this.post({ op: 'read-pipe', fd, name, parent: parent?.seq ?? 0 });
  }

  private post(message: ToIo, transfer: ArrayBuffer[] = []): void {
    Atomics.add(this.shared, Slot.Posted, 1);
    this.worker.postMessage(message, transfer);
  }

  /** Posts output and counts it as queued; makes the program wait while too much is queued. */
  private postCounted(message: ToIo, bytes: number, transfer?: ArrayBuffer[]): void {
    const queued = Atomics.add(this.shared, Slot.QueuedBytes, bytes) + bytes;
    this.post(message, transfer);
    if (queued < HIGH_WATER) return;
    const deadline = Date.now() + MAX_WAIT_MS;
    for (let now = queued; now > HIGH_WATER / 2 && Date.now() < deadline; ) {
      Atomics.wait(this.shared, Slot.QueuedBytes, now, 100);
      now = Atomics.load(this.shared, Slot.QueuedBytes);
    }
  }

  /** Waits until the I/O thread has handled all messages posted so far. */
  private waitUntilHandled(limit: number): void {
    const until = performance.now() + limit;
    for (;;) {
      const handled = Atomics.load(this.shared, Slot.Handled);
      const left = until - performance.now();
      if (handled === Atomics.load(this.shared, Slot.Posted) || left <= 0) return;
      Atomics.wait(this.shared, Slot.Handled, handled, left);
    }
  }
}
