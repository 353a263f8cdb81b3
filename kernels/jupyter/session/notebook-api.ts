// `globalThis[Symbol.for('detlab.notebook')]`: shows work in progress and gives the signal of Stop to libraries (the
// contract is in README.md); and `display(...)`, which cells call.

import { createDisplay, displayGlobals } from '../display/display-function';
import { type Bundle, type DescribeError, type Metadata, renderResult, type Shown, shownOf } from '../display/index';
import { UpdatableDisplays } from '../display/updatable-displays';
import type { Sink } from './captured-output';
import { type Cell, cells } from './cell';
import { createCellHandlers } from './cell-handlers';
import type { CellOutput } from './cell-output';
import type { Comms } from './comm';
import type { OutputChannel } from './output-channel';
import type { ReplacedCells } from './replaced-cells';

export interface NotebookApi extends CellOutput {
  readonly comms: Comms;
  readonly signal: AbortSignal;
  /** The variables of the cells, by name. */
  readonly variables: Readonly<Record<string, unknown>>;
  display(bundle: Bundle, options?: { id?: string; metadata?: Metadata }): void;
  /** Any value as the last expression of a cell shows it; undefined as the text. */
  render(value: unknown): Promise<Shown>;
  /** A function whose output, and last error, appear in the calling cell, whenever it is called. */
  handler<A extends unknown[]>(work: (...args: A) => unknown): (...args: A) => Promise<void>;
  /** Passes what `work` prints and displays, and its error, to `sink`. */
  capture(work: () => unknown, sink: Sink): Promise<void>;
  /** Calls back once, when the calling cell is run again or deleted. */
  onReplaced(callback: () => void): void;
}

interface Surroundings {
  output: OutputChannel;
  currentCell(): Cell | undefined;
  /** Called with a cell that has read its signal. */
  onCooperation(cell: Cell): void;
  cellOutput: CellOutput;
  comms: Comms;
  describe: DescribeError;
  variables: Readonly<Record<string, unknown>>;
  replaced: ReplacedCells;
}

/** Defines the notebook object and the display functions as globals; returns the displays. */
export function installNotebookApi(surroundings: Surroundings): UpdatableDisplays {
  const { output, currentCell, onCooperation, cellOutput, comms, describe, variables, replaced } = surroundings;
  const cellOfCaller = () => cells.getStore() ?? currentCell();
  const displays = new UpdatableDisplays(
    (type, content, cell) => output.publish(type, content, cell?.request),
    describe,
  );

  const notebook: NotebookApi = {
    comms,
    variables,
    ...cellOutput,
    ...createCellHandlers({ displays, cell: cellOfCaller, describe }),
    render: async (value) => (await renderResult(value, describe)) ?? shownOf({ 'text/plain': '' }),
    onReplaced: (callback) => replaced.on(cellOfCaller()?.request, callback),
    get signal() {
      const cell = cellOfCaller();
      if (!cell) return new AbortController().signal;
      onCooperation(cell);
      return cell.controller.signal;
    },
    display(bundle, { id, metadata } = {}) {
      const shown = shownOf(bundle, metadata);
      const cell = cellOfCaller();
      if (id === undefined) {
        return output.publish('display_data', { ...shown, transient: {} }, cell?.request);
      }
      const existing = displays.find(id);
      if (existing) displays.update(existing, cell, shown);
      else displays.remember(displays.open(id, cell, shown));
    },
  };
  const display = createDisplay({
    displays,
    cell: cellOfCaller,
    clear: (wait) => output.publish('clear_output', { wait }, cellOfCaller()?.request),
    describe,
  });
  for (const [name, value] of [
    [Symbol.for('detlab.notebook'), notebook] as const,
    ...Object.entries(displayGlobals(display)),
  ]) {
    Object.defineProperty(globalThis, name, { value, enumerable: false, configurable: true, writable: true });
  }
  return displays;
}
