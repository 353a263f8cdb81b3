// A turn of the event loop of its own for code of the user's: a termination ends it down to the event loop, and what
// awaits the turn is not part of what it ends.

import { MessageChannel } from 'node:worker_threads';

const tasks: (() => void)[] = [];
const { port1, port2 } = new MessageChannel();
port2.on('message', () => {
  const task = tasks.shift();
  if (tasks.length === 0) port2.unref();
  task?.();
});
port2.unref();

/** Calls `work` in the next turn; resolves to what it returns, which a promise would be awaited for, in brackets. */
export function inSeparateTurn<T>(work: () => T): Promise<[T]> {
  return new Promise((resolve, reject) => {
    tasks.push(() => {
      try {
        resolve([work()]);
      } catch (error) {
        reject(error);
      }
    });
    port2.ref();
    port1.postMessage(undefined);
  });
}
