// The cell that runs, and the one that ran last. Keeps the shared slots that the I/O thread reads.

import { Phase, type Request, Slot } from '../protocol/thread-messages';
import { type Cell, cells, type Interrupted } from './cell';
import { inSeparateTurn } from './separate-turn';
import { seeStops } from './stop-signal';

export class CurrentCell {
  private cell: Cell | undefined;
  private previous: Cell | undefined;
  /** Rejects the promise of the kernel's work for the running cell. */
  private rejectWork: (error: Interrupted) => void = () => {};

  constructor(private readonly shared: Int32Array) {}

  get running(): Cell | undefined {
    return this.cell;
  }

  /** The running cell, or the one that ran last. */
  get latest(): Cell | undefined {
    return this.cell ?? this.previous;
  }

  /** The request of the code that calls, which may belong to an earlier cell. */
  get requestOfCaller(): Request | undefined {
    return (cells.getStore() ?? this.latest)?.request;
  }

  begin(cell: Cell, { seq }: Request): void {
    this.cell = cell;
    Atomics.store(this.shared, Slot.Cooperative, 0);
    Atomics.store(this.shared, Slot.Urgent, 0);
    Atomics.store(this.shared, Slot.Running, seq);
  }

  /** Makes Stop apply to another cell of the same request: one of its user expressions. */
  replace(cell: Cell): void {
    this.cell = cell;
  }

  /** @param cell the cell that counts as the last one, unless it could not be executed */
  end(cell?: Cell): void {
    this.previous = cell ?? this.previous;
    this.cell = undefined;
    Atomics.store(this.shared, Slot.Running, 0);
    Atomics.store(this.shared, Slot.WaitsForChild, 0); // code that was terminated has not reset it
    this.setPhase(Phase.Idle);
  }

  setPhase(phase: number): void {
    Atomics.store(this.shared, Slot.Phase, phase);
  }

  /** The cell has read its signal: Stop gives it time. */
  cooperate(cell: Cell): void {
    if (!cell.cooperates) seeStops(cell, this.shared);
    cell.cooperates = true;
    if (cell === this.cell) Atomics.store(this.shared, Slot.Cooperative, 1);
  }

  /**
   * Does work of the kernel on behalf of a cell (rendering its result, starting an engine), which may call code of the
   * user's (a display, a getter); Stop ends it as it ends code after an await.
   */
  work<T>(cell: Cell, work: () => T | PromiseLike<T>): Promise<T> {
    this.setPhase(Phase.Await);
    const result = new Promise<T>((resolve, reject) => {
      this.rejectWork = reject;
      inSeparateTurn(() => void cells.run(cell, async () => work()).then(resolve, reject));
    });
    return result.finally(() => this.setPhase(Phase.Kernel));
  }

  stopWork(error: Interrupted): void {
    this.rejectWork(error);
  }
}
