// Carries out Stop from the I/O thread, gently first. Always: tell the main thread, which aborts the cell's signal. When
// it does not hear that: SIGINT for a synchronous cell (`vm` turns it into an error); for a loop after an await, after
// a second, the inspector's `Runtime.terminateExecution`. Work that holds the signal is left to end its step, which
// may take many seconds in native code, until Stop is pressed again.

import { Session } from 'node:inspector';
import { orphans, processTree, signalAll, youngestChild } from '../interruption/process-tree';
import { terminateExpression } from '../interruption/terminate-execution';
import { Phase, Slot, type ToMain } from '../protocol/thread-messages';

const LOOK_MS = 50;
/** How long a synchronous cell, and code after an await, may stay deaf. */
const SYNC_PATIENCE_MS = 150;
const AWAIT_PATIENCE_MS = 1000;
const COOPERATIVE_PATIENCE_MS = 30_000;
const GIVE_UP_MS = 90_000;
/** Code that cannot be cut off where it is can a few milliseconds later. */
const AGAIN_MS = 5;
const MOST_TRIES = 80;
const CHILD_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;

/** @param say tells the person something, as output of the running cell */
export function createInterrupter(shared: Int32Array, tell: (message: ToMain) => void, say: (text: string) => void) {
  let watch: NodeJS.Timeout | undefined;
  // Connected now: later the main thread may be too busy to accept.
  const inspector = new Session();
  inspector.connectToMainThread();

  const isHeard = () => Atomics.load(shared, Slot.Heard) >= Atomics.load(shared, Slot.Pressed);

  function terminate(tries: number) {
    inspector.post('Runtime.evaluate', { expression: terminateExpression(tries) }, (error, answer) => {
      if (error || answer.result.value !== false) tell({ op: 'terminated' });
      else if (!isHeard() && tries < MOST_TRIES) setTimeout(terminate, AGAIN_MS, tries + 1);
    });
  }

  /** The main thread hears nothing until the child process it waits for has ended. */
  function endChild(tries: number) {
    const child = youngestChild();
    const signal = CHILD_SIGNALS[Math.min(tries, CHILD_SIGNALS.length - 1)];
    // A process below it that has outlived it still holds the pipes that are waited for.
    signalAll(child === undefined ? orphans() : processTree(child), signal);
  }

  return {
    interrupt() {
      const impatient = watch !== undefined; // pressed again while the first has not been heard
      const running = Atomics.load(shared, Slot.Running);
      if (impatient || !Atomics.load(shared, Slot.Cooperative)) Atomics.store(shared, Slot.Stopping, running);
      Atomics.add(shared, Slot.Pressed, 1);
      tell({ op: 'interrupt', running });
      clearInterval(watch);
      const start = Date.now();
      let lastForce = 0;
      let forced = 0;
      let told = false;
      watch = setInterval(() => {
        const now = Date.now();
        if (isHeard() || now - start > GIVE_UP_MS) {
          clearInterval(watch);
          watch = undefined;
          return;
        }
        if (now - lastForce < 500) return;
        const phase = Atomics.load(shared, Slot.Phase);
        const cooperative = Atomics.load(shared, Slot.Cooperative) === 1;
        if (cooperative && !impatient && !told && now - start > AWAIT_PATIENCE_MS) {
          told = true;
          say('Stopping after the step that is under way; Stop again ends it by force and may lose its results\n');
        }
        const gentle = cooperative
          ? COOPERATIVE_PATIENCE_MS
          : phase === Phase.Sync
            ? SYNC_PATIENCE_MS
            : AWAIT_PATIENCE_MS;
        if (phase === Phase.Kernel || now - start < (impatient ? SYNC_PATIENCE_MS : gentle)) return;
        lastForce = now;
        Atomics.store(shared, Slot.Doomed, running);
        if (phase === Phase.Sync) process.kill(process.pid, 'SIGINT');
        else terminate(0);
        // Only now: what waits for the child is not to go on when it has ended.
        if (Atomics.load(shared, Slot.WaitsForChild)) endChild(forced);
        forced++;
      }, LOOK_MS);
    },
  };
}
