// `globalThis[Symbol.for('detlab.notebook')]`: how a library shows work in progress and hears Stop. README.md has the
// contract.

import { clearTimeout, setTimeout } from 'node:timers';
import { type Cell, cells } from './cell';
import { type Bundle, cleanBundle } from './display';
import type { Outlet } from './outlet';

const INTERVAL_MS = 100;

export interface Notebook {
  readonly signal: AbortSignal;
  display(bundle: Bundle, options?: { id?: string }): void;
}

interface Shown {
  cell: Cell | undefined;
  sent: number;
  waiting?: Bundle;
  timer?: NodeJS.Timeout;
}

/**
 * Puts the notebook object in place. `onCooperation` hears which cell's work asked for the
 * signal; `flush` sends what the throttle holds back: of one cell, or all of it.
 */
export function createNotebook(
  outlet: Outlet,
  currentCell: () => Cell | undefined,
  onCooperation: (cell: Cell) => void,
) {
  const displays = new Map<string, Shown>();
  const cellOfCaller = () => cells.getStore() ?? currentCell();

  function send(id: string, shown: Shown, type: string, bundle: Bundle) {
    clearTimeout(shown.timer);
    shown.timer = undefined;
    shown.waiting = undefined;
    shown.sent = Date.now();
    outlet.publish(type, { data: bundle, metadata: {}, transient: { display_id: id } }, shown.cell?.request);
  }

  const notebook: Notebook = {
    get signal() {
      const cell = cellOfCaller();
      if (!cell) return new AbortController().signal;
      onCooperation(cell);
      return cell.controller.signal;
    },
    display(bundle, { id } = {}) {
      const data = cleanBundle(bundle);
      const cell = cellOfCaller();
      if (id === undefined) {
        return outlet.publish('display_data', { data, metadata: {}, transient: {} }, cell?.request);
      }
      const shown = displays.get(id);
      if (!shown) {
        const fresh: Shown = { cell, sent: 0 };
        displays.set(id, fresh);
        return send(id, fresh, 'display_data', data);
      }
      shown.cell = cell ?? shown.cell;
      shown.waiting = data;
      const wait = shown.sent + INTERVAL_MS - Date.now();
      if (wait <= 0) send(id, shown, 'update_display_data', data);
      else {
        // Not of the cell's: its timers end when it is stopped, and this one is to come back for later updates.
        shown.timer ??= cells.exit(() =>
          setTimeout(() => shown.waiting && send(id, shown, 'update_display_data', shown.waiting), wait),
        );
      }
    },
  };
  Object.defineProperty(globalThis, Symbol.for('detlab.notebook'), {
    value: notebook,
    enumerable: false,
    configurable: true,
  });
  return {
    flush(cell?: Cell) {
      for (const [id, shown] of displays) {
        if (shown.waiting && (!cell || shown.cell === cell)) send(id, shown, 'update_display_data', shown.waiting);
      }
    },
  };
}
