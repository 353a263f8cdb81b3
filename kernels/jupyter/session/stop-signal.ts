// The abort signal of a cell as its work reads it, and how long that work has to end by itself after Stop.

import { Slot } from '../protocol/thread-messages';
import { type Cell, isStopAsked } from './cell';

/** Force takes a few hundred milliseconds more: a stopped cell has ended within three seconds. */
export const WORK_PATIENCE_MS = 2200;

/** Property of a signal: one element in shared memory, 1 when its work is to leave the step that it is in. */
const URGENCY = Symbol.for('detlab.urgency');

/** Makes `signal.aborted` true as soon as Stop is pressed, also in synchronous code, which no message reaches. */
export function seeStops(cell: Cell, shared: Int32Array): void {
  const { signal } = cell.controller;
  const { get } = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'aborted')!;
  Object.defineProperty(signal, 'aborted', { get: () => get!.call(signal) || isStopAsked(cell), configurable: true });
  Object.defineProperty(signal, URGENCY, { value: shared.subarray(Slot.Urgent, Slot.Urgent + 1) });
}
