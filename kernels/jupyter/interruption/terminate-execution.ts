// Makes `Runtime.terminateExecution` safe. Node counts the async contexts it enters (AsyncLocalStorage makes it count
// promises too) and aborts when it returns to the event loop with some not left, as terminated code does. So the I/O
// thread evaluates an expression on this thread that clears the count and terminates the interrupted code in one step.
// The termination takes effect at the next call or loop iteration only, which may be in the next timer's or promise's
// context: until the event loop is reached Node does not check the count.

import { Session } from 'node:inspector';
import { setImmediate } from 'node:timers';
import { outsideOfCells } from '../session/cell';
import { stackFrames } from './stack-frames';

const NAME = 'detlab.terminate';

/**
 * The expression the inspector evaluates; its value is false when the running code was spared.
 *
 * @param running `seq` of the cell to stop, 0 for none
 * @param tries counts from 0
 */
export const terminateExpression = (running: number, tries: number) =>
  `globalThis[Symbol.for('${NAME}')].terminate(${running}, ${tries})`;

interface AsyncWrap {
  clearAsyncIdStack?(): void;
  /** Counts of hooks and contexts that Node's C++ reads: while `kTotals` and `kCheck` are 0, it checks nothing. */
  async_hook_fields?: Uint32Array;
  constants?: Record<'kTotals' | 'kCheck', number>;
}

let asyncWrap: AsyncWrap | undefined;
let inspector: Session | undefined;
/** The counts that a termination has set to 0, until the event loop is reached. */
let suspended: { totals: number; check: number } | undefined;

/** Lets contexts be left in any order, or not at all, until the immediates of this turn of the event loop. */
function suspendChecks({ async_hook_fields: fields, constants }: AsyncWrap): void {
  if (!fields || !constants) return;
  const { kTotals, kCheck } = constants;
  // Of no cell: the immediates of a stopped cell are cleared. Once more for each termination, which may lose immediates.
  outsideOfCells(() =>
    setImmediate(() => {
      if (!suspended) return;
      asyncWrap?.clearAsyncIdStack?.();
      fields[kTotals] ||= suspended.totals; // hooks that were enabled meanwhile have been counted with all others
      fields[kCheck] += suspended.check;
      suspended = undefined;
    }),
  );
  suspended ??= { totals: fields[kTotals], check: fields[kCheck] };
  fields[kTotals] = 0;
  fields[kCheck] = 0;
}

/** Ends the running JavaScript, down to the event loop, at its next call or loop iteration. It cannot be caught. */
export function terminate(): void {
  if (!inspector) {
    inspector = new Session();
    inspector.connect();
  }
  if (asyncWrap) suspendChecks(asyncWrap);
  asyncWrap?.clearAsyncIdStack?.();
  inspector.post('Runtime.terminateExecution');
}

/** Functions of Node that enter and leave async contexts: an interrupted one would still enter its context. */
const CONTEXT_SWITCH =
  /node:(?:internal\/)?(?:async_|process\/task_queues|timers|promise)|[/\\]kernels[/\\]jupyter[/\\]/;
const EVALUATED = /<anonymous>:1:\d+\)?$/;
const SAFE_TRIES = 60;
/** Frames that include the evaluated expression's and the innermost one of the interrupted code. */
const NEAREST = 10;

/** Whether the interrupted code can be terminated where it is; on a later try it is somewhere else. */
function isSafe(tries: number): boolean {
  const frames = stackFrames(NEAREST);
  const evaluated = frames.findIndex((frame) => EVALUATED.test(frame));
  const interrupted = evaluated < 0 ? undefined : frames[evaluated + 1];
  return tries > SAFE_TRIES || (interrupted !== undefined && !CONTEXT_SWITCH.test(interrupted));
}

/**
 * Installs the functions that the expressions call. `mayTerminate` runs first, in the async context of the interrupted
 * code, and returns false to spare it: the kernel's own code must not end.
 */
export function allowTermination(mayTerminate: (running: number, tries: number) => boolean): void {
  const settings = process as unknown as { noDeprecation?: boolean };
  const before = settings.noDeprecation; // read-only when it is true, by --no-deprecation
  if (!before) settings.noDeprecation = true; // the binding is deprecated without a replacement
  try {
    asyncWrap = (process as unknown as { binding(name: string): AsyncWrap }).binding('async_wrap');
  } catch {
    // A Node.js without this binding keeps contexts in V8, where nothing needs to be cleared.
  }
  if (!before) settings.noDeprecation = before;
  const value = Object.freeze({
    terminate(running: number, tries: number) {
      if (!isSafe(tries) || !mayTerminate(running, tries)) return false;
      terminate();
      return true;
    },
  });
  Object.defineProperty(globalThis, Symbol.for(NAME), { value, enumerable: false });
}
