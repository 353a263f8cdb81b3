// Resources that a cell has opened and that keep running: timers, worker threads, servers, sockets. A stopped cell's
// resources are closed, whether the cell, a local module or a library opened them. async_hooks reports each one in the
// async context of the cell that opened it.

import { createHook } from 'node:async_hooks';
import { clearImmediate, clearTimeout } from 'node:timers';
import { type Cell, cells, isForceStopped } from '../session/cell';
import { stackFrames } from './stack-frames';
import { terminate } from './terminate-execution';

/** How long functions of a stopped cell that still run (closing, loading a module) may go on. */
const ALLOWANCE_MS = 700;
const SWEEP_AT = 1024;
const INTERNAL = /node:|[/\\]kernels[/\\]jupyter[/\\]|\(<anonymous>\)$|^\s+at async /;

interface Resource {
  _destroyed?: boolean;
  stopThread?(): void;
  callback?: unknown;
  [key: symbol]: unknown;
}
interface ResourceOwner {
  destroy?(): void;
  close?(): void;
  closeAllConnections?(): void;
}

/** Resources that keep running, by the names of async_hooks. */
const KINDS = new Set([
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

interface Opened {
  resources: Set<Resource>;
  sweepAt: number;
  /** When the cell was ended; functions that still run are terminated after the allowance. */
  ended: number | undefined;
}

export interface CellResources {
  /** Closes a cell's resources, and those it opens afterwards. */
  close(cell: Cell): void;
}

export function watchResources(): CellResources {
  const cellsOpened = new WeakMap<Cell, Opened>();

  function openedBy(cell: Cell): Opened {
    let opened = cellsOpened.get(cell);
    if (!opened) cellsOpened.set(cell, (opened = { resources: new Set(), sweepAt: SWEEP_AT, ended: undefined }));
    return opened;
  }

  /**
   * Terminates the running JavaScript, unless all of it is Node's own (loading a module, a stream), which others may
   * wait for.
   */
  function terminateUserCode(): void {
    if (stackFrames(30).every((frame) => INTERNAL.test(frame))) return;
    terminate();
    for (;;); // the termination takes effect at the next loop iteration
  }

  function init(_id: number, type: string, _trigger: number, resource: object) {
    if (type === 'PROMISE') {
      const cell = cells.getStore();
      if (!cell?.stopped) return;
      const ended = cellsOpened.get(cell)?.ended;
      if (ended !== undefined && performance.now() - ended > ALLOWANCE_MS) terminateUserCode();
      return;
    }
    if (type === 'TickObject') {
      const cell = cells.getStore();
      if (cell && isForceStopped(cell)) (resource as Resource).callback = () => {};
      return;
    }
    if (!KINDS.has(type)) return;
    const cell = cells.getStore();
    if (!cell) return;
    const opened = openedBy(cell);
    if (opened.ended !== undefined || isForceStopped(cell)) {
      process.nextTick(closeResource, resource); // it is still being constructed
      return;
    }
    const { resources } = opened;
    resources.add(resource as Resource);
    if (resources.size < opened.sweepAt) return;
    for (const each of resources) if (each._destroyed) resources.delete(each);
    opened.sweepAt = Math.max(SWEEP_AT, 2 * resources.size);
  }
  createHook({ init }).enable();

  return {
    close(cell) {
      const opened = openedBy(cell);
      opened.ended ??= performance.now();
      for (const resource of opened.resources) closeResource(resource);
      opened.resources.clear();
    },
  };
}

function closeResource(resource: Resource): void {
  try {
    const kind = resource.constructor.name;
    if (kind === 'Timeout') clearTimeout(resource as unknown as NodeJS.Timeout);
    else if (kind === 'Immediate') clearImmediate(resource as unknown as NodeJS.Immediate);
    else if (resource.stopThread) resource.stopThread();
    else {
      const symbol = Object.getOwnPropertySymbols(resource).find((each) => each.description === 'owner_symbol');
      const owner = symbol && (resource[symbol] as ResourceOwner | undefined);
      if (owner?.destroy) owner.destroy();
      else owner?.close?.();
      owner?.closeAllConnections?.();
    }
  } catch {
    // already closed
  }
}
