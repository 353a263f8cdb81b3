// Stop, on the main thread: aborts the signal of the running cell, and after a grace period ends the wait for it.

import { setTimeout } from 'node:timers';
import type { Executor } from '../execution/executor';
import { type Cell, Interrupted } from './cell';
import type { CurrentCell } from './current-cell';
import { WORK_PATIENCE_MS } from './stop-signal';

/** How long a stopped cell that has not read its signal may run on. */
const GRACE_MS = 500;

export class CellInterruption {
  private readonly asked = new WeakSet<Cell>();

  /** @param onStopping called when a cell is asked to end */
  constructor(
    private readonly current: CurrentCell,
    private readonly executor: Executor,
    private readonly onStopping: (cell: Cell) => void,
  ) {}

  /** A second call ends the wait for the cell at once. */
  interrupt(cell: Cell) {
    const isRepeated = this.asked.has(cell);
    this.asked.add(cell);
    cell.controller.abort(new Interrupted('Stopped by the user'));
    if (isRepeated) return this.abandon(cell);
    if (cell.cooperates) {
      setTimeout(() => this.abandon(cell), WORK_PATIENCE_MS).unref();
      return;
    }
    cell.stopped ??= new Interrupted('Stopped by the user');
    this.onStopping(cell);
    setTimeout(() => this.abandon(cell), GRACE_MS).unref();
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
