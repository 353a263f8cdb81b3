// Handlers of a cell: functions that run later, when a control is used, and whose output belongs to the cell that set them.

import { randomUUID } from 'node:crypto';
import { type DescribeError, shownOf } from '../display/index';
import type { UpdatableDisplays } from '../display/updatable-displays';
import { type Sink, sinks } from './captured-output';
import { type Cell, cells, createCell } from './cell';

interface Surroundings {
  displays: UpdatableDisplays;
  /** The cell the caller belongs to. */
  cell(): Cell | undefined;
  describe: DescribeError;
}

type Work<A extends unknown[]> = (...args: A) => unknown;

/** A cell that runs now and whose output belongs to `home`. Stop ends it with the one it runs in. */
function cellFor(home: Cell | undefined): Cell {
  const outer = cells.getStore() ?? createCell(0);
  const owner = home?.home ?? home;
  return Object.create(outer, {
    request: { value: owner?.request, writable: true },
    home: { value: owner },
  });
}

export function createCellHandlers({ displays, cell, describe }: Surroundings) {
  /** Shows an error in place of the last one with this id. */
  function showError(id: string, error: unknown): void {
    const traceback = describe(error).traceback.join('\n');
    const shown = shownOf({ 'application/vnd.jupyter.stderr': traceback, 'text/plain': traceback });
    const existing = displays.find(id);
    if (existing) displays.update(existing, cell(), shown);
    else displays.remember(displays.open(id, cell(), shown));
  }

  return {
    handler<A extends unknown[]>(work: Work<A>): (...args: A) => Promise<void> {
      const [home, sink, id] = [cell(), sinks.getStore(), randomUUID()];
      return (...args) => {
        const running = cellFor(home);
        return sinks.run(sink, () =>
          cells.run(running, async () => {
            try {
              await work(...args);
            } catch (error) {
              if (!running.stopped) showError(id, error);
            }
          }),
        );
      };
    },

    async capture(work: () => unknown, sink: Sink): Promise<void> {
      const running = cells.getStore();
      try {
        await sinks.run(sink, async () => work());
      } catch (error) {
        if (running?.stopped) throw error;
        sink('error', { ...describe(error) });
      }
    },
  };
}
