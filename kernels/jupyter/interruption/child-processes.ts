// Child processes of cells. A child that inherits stdout or stderr prints to pipes of its cell, and the children of a
// stopped cell are ended.

import childProcess, { ChildProcess } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout } from 'node:timers';
import { Slot } from '../protocol/thread-messages';
import { type Cell, cells, isForceStopped, resume } from '../session/cell';
import type { OutputChannel } from '../session/output-channel';
import { CellPipes, type Stdio } from './cell-pipes';
import { processTree, signalAll } from './process-tree';

const TERM_AFTER_MS = 400;
const KILL_AFTER_MS = 1500;

interface SpawnOptions {
  stdio?: Stdio;
  detached?: boolean;
}
type Spawn = (this: ChildProcess, options: SpawnOptions) => unknown;

interface Surroundings {
  output: OutputChannel;
  shared: Int32Array;
  /** Whether the I/O thread reads pipes; without it, children print where the process does. */
  hasPipes: boolean;
  currentCell(): Cell | undefined;
}

export class ChildProcesses {
  private readonly running = new Map<Cell, Set<ChildProcess>>();
  private readonly pipes: CellPipes | undefined;

  constructor(private readonly surroundings: Surroundings) {
    this.pipes = surroundings.hasPipes ? new CellPipes(surroundings.output) : undefined;
  }

  /** Replaces the functions of Node that start processes or write to file descriptors. */
  install(): void {
    this.replaceSpawn();
    this.replaceSyncCalls();
    this.replaceWriteSync();
    syncBuiltinESMExports();
  }

  /** Ends the running children of a cell: SIGINT, then SIGTERM, then SIGKILL. */
  stop(cell: Cell): void {
    const children = [...(this.running.get(cell) ?? [])];
    if (children.length === 0) return;
    const signal = (name: NodeJS.Signals) => {
      for (const child of children) {
        const ended = child.exitCode !== null || child.signalCode !== null;
        if (!ended && child.pid !== undefined) signalAll(processTree(child.pid), name);
      }
    };
    cells.exit(() => {
      signal('SIGINT');
      setTimeout(signal, TERM_AFTER_MS, 'SIGTERM');
      setTimeout(signal, KILL_AFTER_MS, 'SIGKILL');
    });
  }

  private cellOfCaller(): Cell | undefined {
    return cells.getStore() ?? this.surroundings.currentCell();
  }

  /** Waits until what was printed so far is in its place. */
  private fence(): void {
    this.surroundings.output.fence?.();
  }

  /** `spawn`, `fork`, `exec` and `execFile` all call this method, in libraries too. */
  private replaceSpawn(): void {
    const prototype = ChildProcess.prototype as unknown as { spawn: Spawn };
    const original = prototype.spawn;
    const children = this;
    prototype.spawn = function spawn(options) {
      const cell = children.cellOfCaller();
      if (!cell || !options) return original.call(this, options);
      const stdio = children.pipes ? children.pipes.redirect(options.stdio, cell) : options.stdio;
      children.fence();
      const result = original.call(this, { ...options, stdio });
      if (this.pid !== undefined && !options.detached) children.add(this, cell);
      return result;
    };
  }

  private add(child: ChildProcess, cell: Cell): void {
    const children = this.running.get(cell) ?? new Set();
    this.running.set(cell, children.add(child));
    child.once('exit', () => {
      children.delete(child);
      if (children.size === 0 && this.running.get(cell) === children) this.running.delete(cell);
    });
  }

  private replaceSyncCalls(): void {
    const { shared } = this.surroundings;
    const waiting = <A extends unknown[], R>(call: (...args: A) => R) => {
      const waitForChild = (...args: A): R => {
        this.fence();
        Atomics.store(shared, Slot.WaitsForChild, 1);
        try {
          return call(...args);
        } finally {
          Atomics.store(shared, Slot.WaitsForChild, 0);
          this.fence();
          const cell = this.cellOfCaller();
          // A child that Stop has ended: report the stop, not its exit status.
          if (cell && isForceStopped(cell)) resume(undefined);
        }
      };
      return waitForChild;
    };
    const module = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
    for (const name of ['spawnSync', 'execSync', 'execFileSync']) module[name] = waiting(module[name]);
  }

  private replaceWriteSync(): void {
    const writeSync = fs.writeSync as (...args: unknown[]) => number;
    (fs as { writeSync: unknown }).writeSync = (...args: unknown[]) => {
      const isNative = args[0] === 1 || args[0] === 2;
      if (isNative) this.fence();
      const written = writeSync(...args);
      if (isNative) this.fence();
      return written;
    };
  }
}
