// Operations on a cell's output other than adding to it: clearing it, and passing text to the front end's pager.

import { type Bundle, cleanBundle } from '../display';
import { type Cell, cells } from './cell';
import type { OutputChannel } from './output-channel';

export interface CellOutput {
  /** Clears what the cell has shown; with `wait`, when there is new output. */
  clearOutput(options?: { wait?: boolean }): void;
  /** Shows long text in the front end's pager, or below the cell where there is none, when the cell ends. */
  page(content: string | Bundle): void;
}

/** Pages of one reply; more are dropped, so that a loop cannot fill the memory. */
const MAX_PAGES = 100;

export function createCellOutput(output: OutputChannel, currentCell: () => Cell | undefined): CellOutput {
  const cellOfCaller = () => cells.getStore() ?? currentCell();
  return {
    clearOutput({ wait = false } = {}) {
      output.publish('clear_output', { wait: Boolean(wait) }, cellOfCaller()?.request);
    },
    page(content) {
      const cell = cellOfCaller();
      if (!cell || cell.payload.length >= MAX_PAGES) return;
      const data = cleanBundle(typeof content === 'string' ? { 'text/plain': content } : content);
      cell.payload.push({ source: 'page', data, start: 0 });
    },
  };
}
