// Makes `Runtime.terminateExecution` safe. Node counts the async contexts it enters (AsyncLocalStorage makes it count
// promises too) and aborts when it returns to the event loop with some not left, which is what terminated code does. So
// the I/O thread has the count cleared, by an expression it evaluates on this thread, just before it terminates.

const CLEAR = 'detlab.clearAsyncStack';

/** What the inspector evaluates. */
export const CLEAR_ASYNC_STACK = `globalThis[Symbol.for('${CLEAR}')]?.()`;

interface AsyncWrap {
  clearAsyncIdStack?(): void;
}

let wrap: AsyncWrap | undefined;

/** Forgets the contexts entered: to be called right before the code that runs is terminated. */
export function clearAsyncStack(): void {
  wrap?.clearAsyncIdStack?.();
}

/** Puts the function the expression calls in place; `onTermination` runs first, in the context of the code that ends. */
export function allowTermination(onTermination: () => void = () => {}): void {
  const settings = process as unknown as { noDeprecation?: boolean };
  const silent = settings.noDeprecation;
  settings.noDeprecation = true; // the binding is deprecated, and without replacement
  try {
    wrap = (process as unknown as { binding(name: string): AsyncWrap }).binding('async_wrap');
  } catch {
    // A Node.js without this binding keeps contexts in V8 and needs no clearing.
  }
  settings.noDeprecation = silent;
  const value = () => {
    onTermination();
    clearAsyncStack();
  };
  Object.defineProperty(globalThis, Symbol.for(CLEAR), { value, enumerable: false });
}
