// `globalThis[Symbol.for('detlab.notebook')]`: how a library shows work in progress and hears Stop (README.md has the
// contract); and `display(...)`, which cells call.

import { createDisplay, displayGlobals } from '../display/display-function';
import { type Bundle, type DescribeError, type Metadata, shownOf } from '../display/index';
import { createOutputs } from '../display/updatable-displays';
import { type Cell, cells } from './cell';
import type { CellOutput } from './cell-output';
import type { Comms } from './comms';
import type { OutputChannel } from './output-channel';

export interface Notebook extends CellOutput {
  readonly comms: Comms;
  readonly signal: AbortSignal;
  display(bundle: Bundle, options?: { id?: string; metadata?: Metadata }): void;
}

/**
 * Puts the notebook object and the display functions in place. `onCooperation` hears which cell's work asked for the
 * signal; `flush` sends what the throttle holds back: of one cell, or all of it; `settled` waits for what is being drawn.
 */
export function installNotebookApi(
  output: OutputChannel,
  currentCell: () => Cell | undefined,
  onCooperation: (cell: Cell) => void,
  parts: CellOutput & { comms: Comms },
  describe: DescribeError,
) {
  const cellOfCaller = () => cells.getStore() ?? currentCell();
  const outputs = createOutputs((type, content, cell) => output.publish(type, content, cell?.request), describe);

  const notebook: Notebook = {
    ...parts,
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
      const before = outputs.find(id);
      if (before) outputs.update(before, cell, shown);
      else outputs.remember(outputs.open(id, cell, shown));
    },
  };
  const display = createDisplay({
    outputs,
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
  return { flush: outputs.flush, settled: outputs.settled };
}
