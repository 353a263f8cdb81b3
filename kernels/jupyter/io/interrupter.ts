// Carries out Stop from the I/O thread, in stages. It always asks the main thread, which aborts the cell's signal. When
// the main thread does not react, the inspector terminates what it runs: a synchronous cell at once, code after an await
// after a second. No signal is involved, which a cell could take itself. Work that uses the signal may end by itself: its
// step within URGENT_AFTER_MS, or what it does to leave the step (`urgency`) within WORK_PATIENCE_MS, when a second press of
// Stop is carried out. So every cell has ended within three seconds.

import { Session } from 'node:inspector';
import { orphans, processTree, signalAll, youngestChild } from '../interruption/process-tree';
import { terminateExpression } from '../interruption/terminate-execution';
import { Phase, Slot, type ToMain } from '../protocol/thread-messages';
import { WORK_PATIENCE_MS } from '../session/stop-signal';

const CHECK_MS = 50;
const FORCE_EVERY_MS = 500;
/** How long a synchronous cell, and code after an await, may run on before force. */
const SYNC_PATIENCE_MS = 150;
const AWAIT_PATIENCE_MS = 1000;
/** When work that uses the signal no longer ends the step that it is in, but leaves it. */
const URGENT_AFTER_MS = 500;
const ANNOUNCE_AFTER_MS = 1000;
const GIVE_UP_MS = 90_000;
/** Code that cannot be terminated where it is can be a few milliseconds later. */
const RETRY_MS = 5;
const SLOW_TRY_MS = 10;
const MAX_TRIES = 80;
const CHILD_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGKILL'] as const;

/** One press of Stop. */
interface Interrupt {
  /** `seq` of the cell to stop. */
  running: number;
  /** Whether Stop was pressed again before the cell had ended, or its work has had its time. */
  insistent: boolean;
  start: number;
  /** When the main thread was sent a message that it has not received. */
  asked: number;
  forcedAt: number;
  timesForced: number;
  /** Whether the user knows that the cell ends after its step. */
  announced: boolean;
}

export class Interrupter {
  private watch: NodeJS.Timeout | undefined;
  /** `seq` of the cell that is being stopped, while there is a watch. */
  private watched = 0;
  private evaluating = false;
  private terminating = false;
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
    const running = Atomics.load(shared, Slot.Running);
    // a cell that was stopped a moment ago may still be watched, when the next one runs
    const insistent = this.watch !== undefined && this.watched === running;
    if (insistent || !Atomics.load(shared, Slot.Cooperative)) Atomics.store(shared, Slot.Stopping, running);
    Atomics.store(shared, Slot.StopAsked, running);
    this.send(running);
    clearInterval(this.watch);
    this.watched = running;
    const start = Date.now();
    const counts = { forcedAt: 0, timesForced: 0, announced: false };
    const interrupt: Interrupt = { running, insistent, start, asked: start, ...counts };
    this.watch = setInterval(() => this.check(interrupt), CHECK_MS);
  }

  private send(running: number): void {
    Atomics.add(this.shared, Slot.InterruptsSent, 1);
    this.postToMain({ op: 'interrupt', running });
  }

  private get isReceived(): boolean {
    return Atomics.load(this.shared, Slot.InterruptsReceived) >= Atomics.load(this.shared, Slot.InterruptsSent);
  }

  private check(interrupt: Interrupt): void {
    const now = Date.now();
    const isRunning = interrupt.running !== 0 && Atomics.load(this.shared, Slot.Running) === interrupt.running;
    if (now - interrupt.start > GIVE_UP_MS || (this.isReceived && !isRunning)) {
      clearInterval(this.watch);
      this.watch = undefined;
      return;
    }
    const cooperative = Atomics.load(this.shared, Slot.Cooperative) === 1;
    if (cooperative && !interrupt.insistent) this.hurry(interrupt, now);
    // The main thread has turned since it was asked, and the cell runs on: it may begin to loop only now.
    if (this.isReceived) {
      this.ask(interrupt, now);
      return;
    }
    if (now - interrupt.forcedAt < FORCE_EVERY_MS) return;
    const phase = Atomics.load(this.shared, Slot.Phase);
    const waited = now - interrupt.asked;
    if (phase !== Phase.Kernel && waited >= this.patience(interrupt, phase, cooperative)) this.force(interrupt);
  }

  private ask(interrupt: Interrupt, now: number): void {
    interrupt.asked = now;
    Atomics.add(this.shared, Slot.InterruptsSent, 1);
    this.postToMain({ op: 'turn' });
  }

  /** The stages of a cell whose work uses the signal. */
  private hurry(interrupt: Interrupt, now: number): void {
    const passed = now - interrupt.start;
    if (passed >= URGENT_AFTER_MS) Atomics.store(this.shared, Slot.Urgent, 1);
    if (passed >= ANNOUNCE_AFTER_MS && !interrupt.announced) {
      interrupt.announced = true;
      this.print('Stopping: the running step is left where it is; Stop again ends the cell at once\n');
    }
    if (passed >= WORK_PATIENCE_MS) this.insist(interrupt, now);
  }

  private patience({ insistent }: Interrupt, phase: number, cooperative: boolean): number {
    if (insistent) return SYNC_PATIENCE_MS;
    if (cooperative) return Number.POSITIVE_INFINITY; // until it is insistent
    return phase === Phase.Sync ? SYNC_PATIENCE_MS : AWAIT_PATIENCE_MS;
  }

  /** Does what a second press of Stop does. */
  private insist(interrupt: Interrupt, now: number): void {
    Object.assign(interrupt, { insistent: true, asked: now });
    Atomics.store(this.shared, Slot.Stopping, interrupt.running);
    const seconds = ((now - interrupt.start) / 1000).toFixed(0);
    this.print(`Stopped by force: the cell went on for ${seconds} s after Stop\n`);
    this.send(interrupt.running);
  }

  private force(interrupt: Interrupt): void {
    interrupt.forcedAt = Date.now();
    Atomics.store(this.shared, Slot.ForceStopped, interrupt.running);
    this.terminate(interrupt.running);
    // After the termination, so that code that waits for a child does not run on when the child has ended.
    if (Atomics.load(this.shared, Slot.WaitsForChild)) this.endChild(interrupt.timesForced);
    interrupt.timesForced++;
  }

  /** One question at a time: a second one that is answered during a termination would use it up. */
  private evaluate(expression: string, take: (value: unknown, failed: boolean) => void): void {
    this.evaluating = true;
    this.inspector.post('Runtime.evaluate', { expression }, (error, answer) => {
      this.evaluating = false;
      take(answer?.result.value, error !== null);
    });
  }

  /** Tries until the code is where it can be terminated; on a busy machine a try takes longer, and counts for more. */
  private terminate(running: number): void {
    if (this.terminating || this.evaluating) return;
    this.terminating = true;
    const start = Date.now();
    const attempt = (count: number): void => {
      const tries = Math.max(count, Math.floor((Date.now() - start) / SLOW_TRY_MS));
      this.evaluate(terminateExpression(running, tries), (value, failed) => {
        if (value === false && !failed && !this.isReceived && tries < MAX_TRIES) {
          setTimeout(attempt, RETRY_MS, count + 1);
          return;
        }
        this.terminating = false;
        if (failed || value !== false) this.postToMain({ op: 'terminated', running });
      });
    };
    attempt(0);
  }

  /** The main thread receives nothing until the child process it waits for has ended. */
  private endChild(timesForced: number): void {
    const child = youngestChild();
    const signal = CHILD_SIGNALS[Math.min(timesForced, CHILD_SIGNALS.length - 1)];
    // Descendants of a child that has ended still hold the pipes that are waited for.
    signalAll(child === undefined ? orphans() : processTree(child), signal);
  }
}
