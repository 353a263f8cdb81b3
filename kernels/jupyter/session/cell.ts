// One execution of a cell. Everything it starts (promises, timers) runs in its async context, so late output and
// `signal` find the cell they belong to.

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Request, Slot } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';

/** What a stopped cell ends with. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

export interface Cell {
  request: Request | undefined;
  /** The number in brackets beside the cell. */
  number: number;
  controller: AbortController;
  /** Set once work in the cell has asked for the signal: it is then given time to end by itself. */
  cooperative: boolean;
  /** Set when the cell's own code is to stop at its next `await`. */
  stopped: Interrupted | undefined;
  /** What the reply hands to the front end besides: pages for its pager. */
  payload: Content[];
}

export const cells = new AsyncLocalStorage<Cell>();

/** Runs the kernel's own work, which is no cell's, whatever context it is called in. */
export const outsideOfCells = (work: () => void) => cells.run(undefined as unknown as Cell, work);

export const createCell = (number: number, request?: Request): Cell => ({
  request,
  number,
  controller: new AbortController(),
  cooperative: false,
  stopped: undefined,
  payload: [],
});

let slots: Int32Array | undefined;

/** Has cells look at what the I/O thread asks for: it is heard also while no message gets through. */
export function watchStops(shared: Int32Array): void {
  slots = shared;
}

const isNamed = (cell: Cell, slot: number) =>
  slots !== undefined && cell.request !== undefined && Atomics.load(slots, slot) === cell.request.seq;

/** Whether a cell is being ended by force. */
export const isDoomed = (cell: Cell) => isNamed(cell, Slot.Doomed);

/** Put around every `await` of cell code: the value, unless the cell the code runs for was stopped. */
export function resume<T>(value: T): T {
  const cell = cells.getStore();
  if (!cell) return value;
  if (!cell.stopped && isNamed(cell, Slot.Stopping)) cell.stopped = new Interrupted('Stopped by the user');
  if (cell.stopped) throw cell.stopped;
  return value;
}
