// Carries out Stop from the I/O thread, in stages. It always asks the main thread, which aborts the cell's signal. When
// the main thread does not react: SIGINT for a synchronous cell (`vm` turns it into an error); after a second, the
// inspector's `Runtime.terminateExecution` for code after an await. Work that uses the signal is left to end its step,
// which may take many seconds in native code, until Stop is pressed again.

import { Session } from 'node:inspector';
import { orphans, processTree, signalAll, youngestChild } from '../interruption/process-tree';
import { terminateExpression } from '../interruption/terminate-execution';
import { Phase, Slot, type ToMain } from '../protocol/thread-messages';

const CHECK_MS = 50;
const FORCE_EVERY_MS = 500;
/** How long a synchronous cell, code after an await, and work that uses the signal may run on before force. */
const SYNC_PATIENCE_MS = 150;
const AWAIT_PATIENCE_MS = 1000;
const COOPERATIVE_PATIENCE_MS = 30_000;
const GIVE_UP_MS = 90_000;
/** Code that cannot be terminated where it is can be a few milliseconds later. */
const RETRY_MS = 5;
const MAX_TRIES = 80;
const CHILD_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;

/** One press of Stop. */
interface Interrupt {
  /** `seq` of the cell to stop. */
  running: number;
  /** Whether Stop was pressed again before the main thread reacted to the first press. */
  insistent: boolean;
  start: number;
  forcedAt: number;
  timesForced: number;
  /** Whether the user knows that the cell ends after its step. */
  announced: boolean;
}

export class Interrupter {
  private watch: NodeJS.Timeout | undefined;
  private readonly inspector = new Session();

  /** @param print shows text as output of the running cell */
  constructor(
    private readonly shared: Int32Array,
    private readonly postToMain: (message: ToMain) => void,
    private readonly print: (text: string) => void,
  ) {
    // Connected now: later the main thread may be too busy to accept.
    this.inspector.connectToMainThread();
  }

  interrupt(): void {
    const { shared } = this;
    const insistent = this.watch !== undefined;
    const running = Atomics.load(shared, Slot.Running);
    if (insistent || !Atomics.load(shared, Slot.Cooperative)) Atomics.store(shared, Slot.Stopping, running);
    Atomics.add(shared, Slot.InterruptsSent, 1);
    this.postToMain({ op: 'interrupt', running });
    clearInterval(this.watch);
    const start = Date.now();
    const interrupt = { running, insistent, start, forcedAt: 0, timesForced: 0, announced: false };
    this.watch = setInterval(() => this.check(interrupt), CHECK_MS);
  }

  private get isReceived(): boolean {
    return Atomics.load(this.shared, Slot.InterruptsReceived) >= Atomics.load(this.shared, Slot.InterruptsSent);
  }

  private check(interrupt: Interrupt): void {
    const { insistent, start } = interrupt;
    const now = Date.now();
    if (this.isReceived || now - start > GIVE_UP_MS) {
      clearInterval(this.watch);
      this.watch = undefined;
      return;
    }
    if (now - interrupt.forcedAt < FORCE_EVERY_MS) return;
    const phase = Atomics.load(this.shared, Slot.Phase);
    const cooperative = Atomics.load(this.shared, Slot.Cooperative) === 1;
    if (cooperative && !insistent && !interrupt.announced && now - start > AWAIT_PATIENCE_MS) {
      interrupt.announced = true;
      this.print('Stopping after the current step; Stop again ends it by force and may lose its results\n');
    }
    const gentle = cooperative ? COOPERATIVE_PATIENCE_MS : phase === Phase.Sync ? SYNC_PATIENCE_MS : AWAIT_PATIENCE_MS;
    if (phase === Phase.Kernel || now - start < (insistent ? SYNC_PATIENCE_MS : gentle)) return;
    interrupt.forcedAt = now;
    this.force(interrupt, phase);
  }

  private force(interrupt: Interrupt, phase: number): void {
    Atomics.store(this.shared, Slot.ForceStopped, interrupt.running);
    if (phase === Phase.Sync) process.kill(process.pid, 'SIGINT');
    else this.terminate(0);
    // After the termination, so that code that waits for a child does not run on when the child has ended.
    if (Atomics.load(this.shared, Slot.WaitsForChild)) this.endChild(interrupt.timesForced);
    interrupt.timesForced++;
  }

  private terminate(tries: number): void {
    this.inspector.post('Runtime.evaluate', { expression: terminateExpression(tries) }, (error, answer) => {
      if (error || answer.result.value !== false) this.postToMain({ op: 'terminated' });
      else if (!this.isReceived && tries < MAX_TRIES) setTimeout(() => this.terminate(tries + 1), RETRY_MS);
    });
  }

  /** The main thread receives nothing until the child process it waits for has ended. */
  private endChild(timesForced: number): void {
    const child = youngestChild();
    const signal = CHILD_SIGNALS[Math.min(timesForced, CHILD_SIGNALS.length - 1)];
    // Descendants of a child that has ended still hold the pipes that are waited for.
    signalAll(child === undefined ? orphans() : processTree(child), signal);
  }
}
