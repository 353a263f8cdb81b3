// Child processes of cells. One that inherits stdout or stderr prints to pipes of its cell's, so that its output is that
// cell's however late it comes; and a stopped cell's children are ended.

import childProcess, { ChildProcess, execFileSync } from 'node:child_process';
import fs, { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers';
import { Slot } from '../protocol/thread-messages';
import { type Cell, cells, isDoomed, resume } from '../session/cell';
import type { OutputChannel } from '../session/output-channel';
import { processTree, signalAll } from './process-tree';

/** The write ends are kept for children that follow at once; then the end of the last child ends the pipe. */
const KEPT_MS = 1000;
const TERM_AFTER_MS = 400;
const KILL_AFTER_MS = 1500;

type Stdio = string | number | object | null | undefined;
interface SpawnOptions {
  stdio?: Stdio | Stdio[];
  detached?: boolean;
}
type Writers = [stdout: number, stderr: number];

export interface Children {
  /** Ends the children a cell has started and that run still: SIGINT, then SIGTERM, then SIGKILL. */
  stop(cell: Cell): void;
}

/** @param ownPipes whether cells can have pipes of their own; without, children print where the process does */
export function watchChildren(
  output: OutputChannel,
  shared: Int32Array,
  ownPipes: boolean,
  currentCell: () => Cell | undefined,
): Children {
  const running = new Map<Cell, Set<ChildProcess>>();
  const pipes = new WeakMap<Cell, { writers: Writers; timer: NodeJS.Timeout }>();
  const makeFifos = execFileSync; // as it is before it is replaced below

  function openPipes(cell: Cell): Writers | undefined {
    const kept = pipes.get(cell);
    if (kept) {
      kept.timer.refresh();
      return kept.writers;
    }
    const folder = mkdtempSync(join(tmpdir(), 'detlab-cell-'));
    try {
      const paths = [join(folder, 'stdout'), join(folder, 'stderr')];
      makeFifos('mkfifo', ['-m', '600', ...paths], { stdio: 'ignore' });
      const writers = paths.map((path, i) => {
        const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
        output.read?.(reader, i === 0 ? 'stdout' : 'stderr', cell.request);
        return openSync(path, constants.O_WRONLY);
      }) as Writers;
      const timer = cells.exit(() =>
        setTimeout(() => {
          pipes.delete(cell);
          for (const fd of writers) closeSync(fd);
        }, KEPT_MS).unref(),
      );
      pipes.set(cell, { writers, timer });
      return writers;
    } catch {
      return undefined; // no named pipes, or no descriptors left: the process's own will do
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  /** The stdio of a child with the process's own stdout and stderr replaced by the cell's. */
  function redirect(stdio: SpawnOptions['stdio'], cell: Cell): SpawnOptions['stdio'] {
    const list =
      stdio === 'inherit' ? ['inherit', 'inherit', 'inherit'] : Array.isArray(stdio) ? [...stdio] : undefined;
    if (!list) return stdio;
    const target = (entry: Stdio, i: number) => {
      const fd = typeof entry === 'number' ? entry : (entry as { fd?: number } | null | undefined)?.fd;
      return entry === 'inherit' ? i : fd;
    };
    const own = list.map(target);
    if (!own.some((fd) => fd === 1 || fd === 2)) return stdio;
    const writers = openPipes(cell);
    if (!writers) return stdio;
    return list.map((entry, i) => (own[i] === 1 ? writers[0] : own[i] === 2 ? writers[1] : entry));
  }

  // `spawn`, `fork`, `exec` and `execFile` all come through here, from libraries too.
  const prototype = ChildProcess.prototype as unknown as { spawn(options: SpawnOptions): unknown };
  const original = prototype.spawn;
  prototype.spawn = function spawn(this: ChildProcess, options) {
    const cell = cells.getStore() ?? currentCell();
    if (!cell || !options) return original.call(this, options);
    const stdio = ownPipes ? redirect(options.stdio, cell) : options.stdio;
    output.fence?.(); // what was printed before the child was started goes first
    const result = original.call(this, { ...options, stdio });
    if (this.pid !== undefined && !options.detached) {
      const children = running.get(cell) ?? new Set();
      running.set(cell, children.add(this));
      this.once('exit', () => {
        children.delete(this);
        if (children.size === 0 && running.get(cell) === children) running.delete(cell);
      });
    }
    return result;
  };

  const waiting = <A extends unknown[], R>(call: (...args: A) => R) =>
    function waitingForChild(...args: A): R {
      output.fence?.();
      Atomics.store(shared, Slot.WaitsForChild, 1);
      try {
        return call(...args);
      } finally {
        Atomics.store(shared, Slot.WaitsForChild, 0);
        output.fence?.(); // what it has printed goes before what is printed next
        const cell = cells.getStore() ?? currentCell();
        // The child has ended since the cell was stopped: that is what is to be told, not how it ended.
        if (cell && isDoomed(cell)) resume(undefined);
      }
    };
  const own = childProcess as unknown as Record<string, (...args: unknown[]) => unknown>;
  for (const name of ['spawnSync', 'execSync', 'execFileSync']) own[name] = waiting(own[name]);

  const writeSync = fs.writeSync as (...args: unknown[]) => number;
  (fs as { writeSync: unknown }).writeSync = (...args: unknown[]) => {
    const isNative = args[0] === 1 || args[0] === 2;
    if (isNative) output.fence?.();
    const written = writeSync(...args);
    if (isNative) output.fence?.();
    return written;
  };
  syncBuiltinESMExports();

  return {
    stop(cell) {
      const children = [...(running.get(cell) ?? [])];
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
    },
  };
}
