// What a cell has started and that goes on by itself: timers, worker threads, servers, sockets. When the cell is stopped
// all of it ends, wherever it was started: in the cell, in a local module, in a library. Node tells of each through
// async_hooks, in the async context of the cell that started it.

import { createHook } from 'node:async_hooks';
import { clearImmediate, clearTimeout } from 'node:timers';
import { type Cell, cells, isDoomed } from '../session/cell';
import { terminate } from './terminate-execution';

/** How long functions of a stopped cell that are at work (closing, loading a module) may go on. */
const ALLOWANCE_MS = 700;
const SWEEP_AT = 1024;
const INTERNAL = /node:|[/\\]kernels[/\\]jupyter[/\\]|\(<anonymous>\)$|^\s+at async /;

interface Resource {
  _destroyed?: boolean;
  stopThread?(): void;
  callback?: unknown;
  [key: symbol]: unknown;
}
interface Owner {
  destroy?(): void;
  close?(): void;
  closeAllConnections?(): void;
}

/** Handles that keep working for a cell, by their names in Node. */
const HANDLES = new Set([
  'Timeout',
  'Immediate',
  'WORKER',
  'TCPSERVERWRAP',
  'TCPWRAP',
  'TCPCONNECTWRAP',
  'PIPESERVERWRAP',
  'UDPWRAP',
  'FSEVENTWRAP',
  'STATWATCHER',
]);

interface Work {
  handles: Set<Resource>;
  sweepAt: number;
  /** When the cell was ended; its functions are cut off a little later. */
  ended: number | undefined;
}

export interface CellResources {
  /** Ends what a cell has started; what it goes on to start ends at once. */
  end(cell: Cell): void;
}

export function watchResources(): CellResources {
  const works = new WeakMap<Cell, Work>();

  function workOf(cell: Cell): Work {
    let work = works.get(cell);
    if (!work) works.set(cell, (work = { handles: new Set(), sweepAt: SWEEP_AT, ended: undefined }));
    return work;
  }

  /** Ends the JavaScript that runs now, down to the event loop. Nothing can catch it. */
  function cutOff(): void {
    // Node's own code (a module that is being loaded, a stream) is left to finish what others may wait for.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 30;
    const frames = (new Error().stack ?? '').split('\n').slice(1);
    Error.stackTraceLimit = limit;
    if (!frames.some((frame) => !INTERNAL.test(frame))) return;
    terminate();
    for (;;); // until the end, which comes at the next turn of a loop
  }

  function init(_id: number, type: string, _trigger: number, resource: object) {
    if (type === 'PROMISE') {
      const cell = cells.getStore();
      if (!cell?.stopped) return;
      const ended = works.get(cell)?.ended;
      if (ended !== undefined && performance.now() - ended > ALLOWANCE_MS) cutOff();
      return;
    }
    if (type === 'TickObject') {
      const cell = cells.getStore();
      if (cell && isDoomed(cell)) (resource as Resource).callback = () => {};
      return;
    }
    if (!HANDLES.has(type)) return;
    const cell = cells.getStore();
    if (!cell) return;
    const work = workOf(cell);
    if (work.ended !== undefined || isDoomed(cell)) {
      process.nextTick(close, resource); // it is not in place yet
      return;
    }
    work.handles.add(resource as Resource);
    if (work.handles.size < work.sweepAt) return;
    for (const handle of work.handles) if (handle._destroyed) work.handles.delete(handle);
    work.sweepAt = Math.max(SWEEP_AT, 2 * work.handles.size);
  }
  createHook({ init }).enable();

  return {
    end(cell) {
      const work = workOf(cell);
      work.ended ??= performance.now();
      for (const handle of work.handles) close(handle);
      work.handles.clear();
    },
  };
}

function close(handle: Resource): void {
  try {
    const kind = handle.constructor.name;
    if (kind === 'Timeout') clearTimeout(handle as unknown as NodeJS.Timeout);
    else if (kind === 'Immediate') clearImmediate(handle as unknown as NodeJS.Immediate);
    else if (handle.stopThread) handle.stopThread();
    else {
      const symbol = Object.getOwnPropertySymbols(handle).find((each) => each.description === 'owner_symbol');
      const owner = symbol && (handle[symbol] as Owner | undefined);
      if (owner?.destroy) owner.destroy();
      else owner?.close?.();
      owner?.closeAllConnections?.();
    }
  } catch {
    // it was closed already
  }
}
