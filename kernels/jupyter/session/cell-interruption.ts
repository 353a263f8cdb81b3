// Stop, on the main thread: aborts the signal of the running cell, and after a grace period ends the wait for it; at once
// when nothing that it waits for makes progress.

import { clearInterval, setInterval, setTimeout } from 'node:timers';
import type { Executor } from '../execution/executor';
import { type Cell, Interrupted, outsideOfCells } from './cell';
import { type Cooperation, workPatience } from './cooperation';
import type { CurrentCell } from './current-cell';
import { IdleTime } from './idle-time';

/** How long a stopped cell that has not read its signal may run on. */
const GRACE_MS = 500;
/** How long one that has read it may only wait: for a promise that never settles, a timer, a server. */
const IDLE_GRACE_MS = 2000;
const CHECK_MS = 200;

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
    if (cell.cooperation) return this.giveTime(cell, cell.cooperation);
    cell.stopped ??= new Interrupted('Stopped by the user');
    this.onStopping(cell);
    setTimeout(() => this.abandon(cell), GRACE_MS).unref();
  }

  /** Until the cell has ended, only waits, or goes on with code of the user's. */
  private giveTime(cell: Cell, { stepMs }: Cooperation): void {
    const idle = new IdleTime();
    const end = performance.now() + workPatience(stepMs);
    outsideOfCells(() => {
      const timer = setInterval(() => {
        const isRunning = this.current.running === cell;
        const isOver = performance.now() > end || idle.measure() > IDLE_GRACE_MS;
        if (isRunning && !isOver && !cell.stopped) return;
        clearInterval(timer);
        if (isRunning && isOver) this.abandon(cell);
        else if (isRunning) setTimeout(() => this.abandon(cell), GRACE_MS).unref(); // its finally blocks run
      }, CHECK_MS).unref();
    });
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
