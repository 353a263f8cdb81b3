// Makes `Runtime.terminateExecution` safe. Node counts the async contexts it enters (AsyncLocalStorage makes it count
// promises too) and aborts when it returns to the event loop with some not left, which is what terminated code does. So
// the I/O thread has an expression evaluated on this thread that clears the count and terminates what it has interrupted: in
// one go, since code that ran on in between could enter further contexts.

import { Session } from 'node:inspector';

const NAME = 'detlab.terminate';

/** What the inspector evaluates: false when the code that runs was left alone. `tries` counts from 0. */
export const terminateExpression = (tries: number) => `globalThis[Symbol.for('${NAME}')](${tries})`;

interface AsyncWrap {
  clearAsyncIdStack?(): void;
}

let wrap: AsyncWrap | undefined;

let inspector: Session | undefined;

/** Ends the JavaScript that runs, down to the event loop, at its next call or turn of a loop. Nothing can catch it. */
export function terminate(): void {
  if (!inspector) {
    inspector = new Session();
    inspector.connect();
  }
  wrap?.clearAsyncIdStack?.();
  inspector.post('Runtime.terminateExecution');
}

/** Node's functions that enter contexts and leave them: one that is interrupted would still enter its own. */
const DELICATE = /node:(?:internal\/)?(?:async_|process\/task_queues|timers|promise)|[/\\]kernels[/\\]jupyter[/\\]/;
const EVALUATED = /<anonymous>:1:\d+\)?$/;
const SAFE_TRIES = 60;

/** Whether the code below the evaluated expression can be cut off where it is; a little later it is somewhere else. */
function isSafe(tries: number): boolean {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 10;
  const frames = (new Error().stack ?? '').split('\n');
  Error.stackTraceLimit = limit;
  const interrupted = frames[frames.findIndex((frame) => EVALUATED.test(frame)) + 1];
  return interrupted !== undefined && (tries > SAFE_TRIES || !DELICATE.test(interrupted));
}

/**
 * Puts the function the expression calls in place. `mayTerminate` runs first, in the context of the code that is
 * interrupted, which it can spare: the kernel's own must not end.
 */
export function allowTermination(mayTerminate: (tries: number) => boolean): void {
  const settings = process as unknown as { noDeprecation?: boolean };
  const silent = settings.noDeprecation;
  settings.noDeprecation = true; // the binding is deprecated, and without replacement
  try {
    wrap = (process as unknown as { binding(name: string): AsyncWrap }).binding('async_wrap');
  } catch {
    // A Node.js without this binding keeps contexts in V8 and needs no clearing.
  }
  settings.noDeprecation = silent;
  const value = (tries: number) => {
    if (!isSafe(tries) || !mayTerminate(tries)) return false;
    terminate();
    return true;
  };
  Object.defineProperty(globalThis, Symbol.for(NAME), { value, enumerable: false });
}
