// Collects what a session publishes as the outputs of notebook cells (nbformat 4.5).

import type { Bundle } from '../display/index';
import type { Request } from '../protocol/thread-messages';
import type { Content } from '../protocol/wire-message';
import type { OutputChannel } from '../session/output-channel';

export interface Output {
  output_type: string;
  name?: string;
  text?: string;
  data?: Bundle;
  traceback?: string[];
  [key: string]: unknown;
}

export interface Cell {
  cell_type: string;
  source: string | string[];
  outputs?: Output[];
  execution_count?: number | null;
  metadata?: { tags?: string[] };
}

export interface Notebook {
  cells: Cell[];
  [key: string]: unknown;
}

export interface Collector {
  output: OutputChannel;
  /** Outputs of this request go to this cell; resolves to the reply's content. */
  expect(request: Request, cell: Cell): Promise<Content>;
}

const SHOWN = /^(?:display_data|execute_result|error)$/;

export function collectOutputs(onText: (cell: Cell, text: string) => void): Collector {
  const cells = new Map<number, Cell>();
  const waiting = new Map<number, (content: Content) => void>();
  const displays = new Map<string, Output[]>();

  /** Cells to be cleared once they have something new to show. */
  const clearing = new Set<Cell>();

  function clear(cell: Cell, wait: boolean) {
    if (wait) clearing.add(cell);
    else cell.outputs = [];
  }
  function clearWaiting(cell: Cell) {
    if (clearing.delete(cell)) cell.outputs = [];
  }

  function publish(type: string, content: Content, parent: Request | undefined) {
    const { transient, ...kept } = content as { transient?: { display_id?: string }; data?: Bundle };
    const id = transient?.display_id;
    if (type === 'update_display_data') {
      for (const output of displays.get(id ?? '') ?? []) Object.assign(output, kept);
    }
    const cell = cells.get(parent?.seq ?? 0);
    if (!cell) return;
    if (type === 'clear_output') return clear(cell, content.wait === true);
    if (SHOWN.test(type)) clearWaiting(cell);
    const text = kept.data?.['text/plain'];
    if (/display_data$/.test(type) && typeof text === 'string') onText(cell, text);
    if (type === 'execute_input') cell.execution_count = content.execution_count as number;
    if (SHOWN.test(type)) {
      const output: Output = { output_type: type, ...kept };
      cell.outputs!.push(output);
      if (id) displays.set(id, [...(displays.get(id) ?? []), output]);
    }
  }

  const output: OutputChannel = {
    publish,
    stream(name, text, parent) {
      const cell = cells.get(parent?.seq ?? 0);
      if (!cell) return;
      clearWaiting(cell);
      const last = cell.outputs!.at(-1);
      if (last?.output_type === 'stream' && last.name === name) last.text += text;
      else cell.outputs!.push({ output_type: 'stream', name, text });
      onText(cell, text);
    },
    reply(_type, content, parent) {
      waiting.get(parent.seq)?.(content);
    },
    ask() {}, // requests without `allow_stdin` do not get here
  };
  return {
    output,
    expect(request, cell) {
      cells.set(request.seq, cell);
      return new Promise((resolve) => waiting.set(request.seq, resolve));
    },
  };
}
