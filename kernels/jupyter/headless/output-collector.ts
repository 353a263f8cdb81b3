// Collects the messages that a session publishes as the outputs of notebook cells (nbformat 4.5).

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

export interface NotebookCell {
  cell_type: string;
  source: string | string[];
  outputs?: Output[];
  execution_count?: number | null;
  metadata?: { tags?: string[] };
}

export interface Notebook {
  cells: NotebookCell[];
  [key: string]: unknown;
}

const IS_OUTPUT = /^(?:display_data|execute_result|error)$/;

export class OutputCollector implements OutputChannel {
  /** By the `seq` of the request that executes the cell. */
  private readonly cells = new Map<number, NotebookCell>();
  private readonly replies = new Map<number, (content: Content) => void>();
  /** Outputs by display id. */
  private readonly displays = new Map<string, Output[]>();
  /** Cells to clear when they have new output. */
  private readonly clearing = new Set<NotebookCell>();

  /**
   * @param onText called with text as it is shown
   * @param onImage called with an image as it is shown, PNG in base64
   */
  constructor(
    private readonly onText: (cell: NotebookCell, text: string) => void,
    private readonly onImage: (cell: NotebookCell, png: string) => void = () => {},
  ) {}

  /** Assigns the outputs of a request to a cell; resolves to the content of its reply. */
  expect(request: Request, cell: NotebookCell): Promise<Content> {
    this.cells.set(request.seq, cell);
    return new Promise((resolve) => this.replies.set(request.seq, resolve));
  }

  publish(type: string, content: Content, parent: Request | undefined) {
    const { transient, ...kept } = content as { transient?: { display_id?: string }; data?: Bundle };
    const id = transient?.display_id;
    if (type === 'update_display_data') {
      for (const output of this.displays.get(id ?? '') ?? []) Object.assign(output, kept);
    }
    const cell = this.cells.get(parent?.seq ?? 0);
    if (!cell) return;
    if (type === 'clear_output') return this.clear(cell, content.wait === true);
    if (type === 'execute_input') cell.execution_count = content.execution_count as number;
    const text = kept.data?.['text/plain'];
    if (/display_data$/.test(type) && typeof text === 'string') this.onText(cell, text);
    const png = kept.data?.['image/png'];
    if (typeof png === 'string') this.onImage(cell, png);
    if (IS_OUTPUT.test(type)) {
      const output: Output = { output_type: type, ...kept };
      this.outputsOf(cell).push(output);
      if (id) this.displays.set(id, [...(this.displays.get(id) ?? []), output]);
    }
  }

  stream(name: 'stdout' | 'stderr', text: string, parent: Request | undefined): void {
    const cell = this.cells.get(parent?.seq ?? 0);
    if (!cell) return;
    const outputs = this.outputsOf(cell);
    const last = outputs.at(-1);
    if (last?.output_type === 'stream' && last.name === name) last.text += text;
    else outputs.push({ output_type: 'stream', name, text });
    this.onText(cell, text);
  }

  reply(_type: string, content: Content, parent: Request): void {
    this.replies.get(parent.seq)?.(content);
  }

  requestInput(): void {} // requests without `allow_stdin` never ask

  private clear(cell: NotebookCell, wait: boolean): void {
    if (wait) this.clearing.add(cell);
    else cell.outputs = [];
  }

  /** The outputs to add to, cleared first if the cell waits for that. */
  private outputsOf(cell: NotebookCell): Output[] {
    if (this.clearing.delete(cell) || !cell.outputs) cell.outputs = [];
    return cell.outputs;
  }
}
