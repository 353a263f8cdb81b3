// Execute requests in order of arrival, executed one after the other. A failed or stopped cell aborts those that have
// arrived by then.

import { setImmediate } from 'node:timers';
import { type Request, Slot } from '../protocol/thread-messages';

export class ExecutionQueue {
  private readonly waiting: Request[] = [];
  private draining = false;
  /** Requests that arrived up to this one are aborted. */
  private abortUntil = 0;

  constructor(
    private readonly shared: Int32Array,
    private readonly execute: (request: Request, isAborted: boolean) => Promise<void>,
  ) {}

  add(request: Request): void {
    this.waiting.push(request);
    void this.drain();
  }

  abortQueued(): void {
    this.abortUntil = Atomics.load(this.shared, Slot.Received);
  }

  hasBefore(seq: number): boolean {
    return this.waiting.some((request) => request.seq < seq);
  }

  private async drain(): Promise<void> {
    if (this.draining) return;
    this.draining = true;
    for (let request = this.waiting.shift(); request; request = this.waiting.shift()) {
      await this.execute(request, request.seq <= this.abortUntil);
      // Lets an interrupt or a request that arrived during a synchronous cell be handled before the next cell.
      await new Promise(setImmediate);
    }
    this.draining = false;
  }
}
