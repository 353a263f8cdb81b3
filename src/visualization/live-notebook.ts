// What a notebook gives to displays that live on after their cell: channels to the front end, and handlers whose output
// stays with the cell that set them.

/** A message of a comm; the data is JSON, bytes are in the buffers. */
export interface CommMessage {
  readonly data: Record<string, unknown>;
  readonly buffers: readonly Uint8Array[];
}

export interface CommOptions {
  metadata?: Record<string, unknown>;
  buffers?: (ArrayBuffer | ArrayBufferView)[];
}

/** A channel between the program and the front end. */
export interface Comm {
  readonly id: string;
  readonly closed: boolean;
  send(data?: Record<string, unknown>, options?: CommOptions): void;
  close(): void;
  onMessage(handler: (message: CommMessage) => unknown): void;
  onClose(handler: () => unknown): void;
}

export interface Comms {
  /** Accepts channels that the front end opens to `name`. */
  registerTarget(name: string, handler: (comm: Comm) => unknown): () => void;
  /** Opens a channel to a target of the front end. */
  open(target: string, data?: Record<string, unknown>, options?: CommOptions): Comm;
}

/** A value as a notebook shows it. */
export interface RenderedValue {
  data: Record<string, unknown>;
  metadata: Record<string, unknown>;
}

/** Content of a `display_data`, `update_display_data`, `stream`, `error` or `clear_output` message. */
export type OutputSink = (type: string, content: Record<string, unknown>) => void;

export interface LiveNotebook {
  readonly comms: Comms;
  /** Any value as the last expression of a cell shows it. */
  render(value: unknown): Promise<RenderedValue>;
  /**
   * `work` as a handler of the calling cell: what it prints and displays appears there, whenever it is called; its
   * last error is shown there too. The promise never rejects; Stop ends it.
   */
  handler<A extends unknown[]>(work: (...args: A) => unknown): (...args: A) => Promise<void>;
  /** Passes what `work` prints and displays to `sink`, and its error too. */
  capture(work: () => unknown, sink: OutputSink): Promise<void>;
  /** Calls back once, when the calling cell is run again or deleted. */
  onReplaced(callback: () => void): void;
}
