// What a cell can do with its own output besides adding to it: clear it, and hand text to the front end's pager.

import { type Bundle, cleanBundle } from '../display';
import { type Cell, cells } from './cell';
import type { OutputChannel } from './output-channel';

export interface CellOutput {
  /** Clears what the cell has shown; with `wait`, only once there is something new to show. */
  clearOutput(options?: { wait?: boolean }): void;
  /** Shows long text in the front end's pager, or below the cell where there is none, when the cell ends. */
  page(content: string | Bundle): void;
}

/** Pages of one reply: a loop that pages must not fill the memory. */
const MOST_PAGES = 100;

export function createCellOutput(output: OutputChannel, currentCell: () => Cell | undefined): CellOutput {
  const cellOfCaller = () => cells.getStore() ?? currentCell();
  return {
    clearOutput({ wait = false } = {}) {
      output.publish('clear_output', { wait: Boolean(wait) }, cellOfCaller()?.request);
    },
    page(content) {
      const cell = cellOfCaller();
      if (!cell || cell.payload.length >= MOST_PAGES) return;
      const data = cleanBundle(typeof content === 'string' ? { 'text/plain': content } : content);
      cell.payload.push({ source: 'page', data, start: 0 });
    },
  };
}
