// Sends messages in order, one at a time: zeromq allows one pending send per socket.

import type { Router, XPublisher } from 'zeromq';
import { Slot } from '../protocol/thread-messages';
import { SEND_TIMEOUT_MS } from './sockets';

interface QueuedMessage {
  socket: XPublisher | Router;
  frames: (Buffer | string)[];
  /** Its share of `Slot.QueuedBytes`. */
  bytes: number;
  onFailure?: () => void;
}

export class SendQueue {
  private readonly messages: QueuedMessage[] = [];
  private sending = false;
  private onDrained: (() => void) | undefined;

  /** @param onSent called after output has been sent and there is room for more */
  constructor(
    private readonly iopub: XPublisher,
    private readonly shared: Int32Array,
    private readonly onSent: () => void,
  ) {}

  send(socket: XPublisher | Router, frames: (Buffer | string)[], bytes = 0, onFailure?: () => void): void {
    this.messages.push({ socket, frames, bytes, onFailure });
    void this.drain();
  }

  /** As `send`, before the messages that wait. */
  sendNext(socket: XPublisher | Router, frames: (Buffer | string)[]): void {
    this.messages.unshift({ socket, frames, bytes: 0 });
    void this.drain();
  }

  /** Subtracts bytes that are sent or dropped, and wakes the program that waits for room. */
  release(bytes: number): void {
    if (!bytes) return;
    Atomics.sub(this.shared, Slot.QueuedBytes, bytes);
    Atomics.notify(this.shared, Slot.QueuedBytes);
    this.onSent();
  }

  /** Calls `done` when the queue is empty. */
  whenDrained(done: () => void): void {
    if (this.sending) this.onDrained = done;
    else done();
  }

  private async drain(): Promise<void> {
    if (this.sending) return;
    this.sending = true;
    for (let next = this.messages.shift(); next; next = this.messages.shift()) {
      await this.deliver(next);
      this.release(next.bytes);
    }
    this.sending = false;
    this.onDrained?.();
  }

  private async deliver({ socket, frames, onFailure }: QueuedMessage): Promise<void> {
    for (const start = performance.now(); ; ) {
      try {
        return await socket.send(frames);
      } catch (error) {
        const isTimeout = (error as NodeJS.ErrnoException).code === 'EAGAIN' && socket === this.iopub;
        // zeromq counts from the start of the event loop's turn: in a long turn it times out at once.
        if (isTimeout && performance.now() - start < SEND_TIMEOUT_MS) {
          await new Promise(setImmediate);
          continue;
        }
        // A subscriber has read nothing for so long: from now on messages to it are dropped.
        if (isTimeout) this.iopub.noDrop = false;
        onFailure?.();
        return;
      }
    }
  }
}
