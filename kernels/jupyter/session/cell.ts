// One execution of a cell. Everything it starts (promises, timers) runs in its async context, which late output and
// `signal` are attributed by.

import { AsyncLocalStorage } from 'node:async_hooks';
import { type Request, Slot } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';

/** The error of a stopped cell. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

export interface Cell {
  request: Request | undefined;
  /** The execution count in brackets beside the cell; 0 for code that is not counted. */
  number: number;
  controller: AbortController;
  /** Whether the cell has read its abort signal, and is therefore given time to end by itself. */
  cooperates: boolean;
  /** Set when the cell is stopped: its code throws this at its next `await`. */
  stopped: Interrupted | undefined;
  /** The cell whose output it continues, as one of its handlers. */
  home?: Cell;
  /** The payload of the reply: pages for the front end's pager. */
  payload: Content[];
}

export const cells = new AsyncLocalStorage<Cell>();

/** Runs work of the kernel outside of any cell's context. */
export const outsideOfCells = (work: () => void) => cells.run(undefined as unknown as Cell, work);

export const createCell = (number: number, request?: Request): Cell => ({
  request,
  number,
  controller: new AbortController(),
  cooperates: false,
  stopped: undefined,
  payload: [],
});

let slots: Int32Array | undefined;

/** Makes cells check the I/O thread's stop request, which reaches them also while no message does. */
export function watchStops(shared: Int32Array): void {
  slots = shared;
}

const isNamed = (cell: Cell, slot: number) =>
  slots !== undefined && cell.request !== undefined && Atomics.load(slots, slot) === cell.request.seq;

/** Whether a cell is stopped by force. */
export const isForceStopped = (cell: Cell) => isNamed(cell, Slot.ForceStopped);

/** Whether Stop was pressed for a cell, also before the message reaches the main thread. */
export const isStopAsked = (cell: Cell) => isNamed(cell, Slot.StopAsked);

/** Wraps every `await` of cell code: returns the value, or throws when the cell was stopped. */
export function resume<T>(value: T): T {
  const cell = cells.getStore();
  if (!cell) return value;
  if (!cell.stopped && isNamed(cell, Slot.Stopping)) cell.stopped = new Interrupted('Stopped by the user');
  if (cell.stopped) throw cell.stopped;
  return value;
}
