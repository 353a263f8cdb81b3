// Stop, on the main thread: aborts the signal of the running cell, and after a grace period ends the wait for it.

import { setTimeout } from 'node:timers';
import type { Executor } from '../execution/executor';
import { type Cell, Interrupted } from './cell';
import type { CurrentCell } from './current-cell';

/** How long a stopped cell may run on: without having read its signal, and with it. */
const GRACE_MS = 500;
const COOPERATIVE_GRACE_MS = 30_000;

export class CellInterruption {
  /** @param onStopping called when a cell is asked to end */
  constructor(
    private readonly current: CurrentCell,
    private readonly executor: Executor,
    private readonly onStopping: (cell: Cell) => void,
  ) {}

  /** A second call ends the wait for the cell at once. */
  interrupt(cell: Cell) {
    const isRepeated = cell.controller.signal.aborted;
    cell.controller.abort(new Interrupted('Stopped by the user'));
    if (isRepeated) return this.abandon(cell);
    if (!cell.cooperative) {
      cell.stopped ??= new Interrupted('Stopped by the user');
      this.onStopping(cell);
    }
    setTimeout(() => this.abandon(cell), cell.cooperative ? COOPERATIVE_GRACE_MS : GRACE_MS).unref();
  }

  /** The code of the running cell was terminated: its promise will never settle. */
  terminated(): void {
    const cell = this.current.running;
    if (!cell) return;
    cell.stopped = new Interrupted('Stopped by force');
    this.executor.abandon(cell.stopped);
    this.current.stopWork(cell.stopped);
  }

  private abandon(cell: Cell): void {
    cell.stopped ??= new Interrupted('Stopped by the user');
    if (this.current.running !== cell) return;
    this.onStopping(cell);
    this.executor.abandon(cell.stopped);
    this.current.stopWork(cell.stopped);
  }
}
