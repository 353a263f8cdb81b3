// Jupyter's widget protocol, version 2.1.0, over the notebook's comms: opens a widget in the front end, sends its changes,
// receives those of the page, and gives a page that is opened later the state of all widgets.

import { notebook } from '../display';
import type { Comm, CommMessage } from '../live-notebook';
import { type FrontEndState, fromWire, toWire } from './front-end-state';

/** What the protocol needs of a widget. */
export interface SyncedWidget {
  /** The whole state, by the front end's names. */
  frontEndState(): FrontEndState;
  /** Takes values that the page has set. */
  receive(changes: FrontEndState): Promise<void>;
  /** Takes a message of the page's code: a click. */
  receiveMessage(content: unknown, buffers: readonly Uint8Array[]): Promise<void>;
  /** The page has closed it: it has no widgets. */
  lost(): void;
}

const TARGET = 'jupyter.widget';
const VERSION = '2.1.0';
/** Changes of one widget in the same turn are sent together after this time. */
const INTERVAL_MS = 20;

/** Widgets that are open, by id. One that nothing refers to any more is closed: see `closing`. */
const opened = new Map<string, WeakRef<SyncedWidget>>();
const closing = new FinalizationRegistry<WidgetComm>((comm) => comm.close());
let servesRestoring = false;

export class WidgetComm {
  private pending: FrontEndState | undefined;
  private sent = 0;

  private constructor(private readonly comm: Comm) {}

  get id(): string {
    return this.comm.id;
  }

  /** Opens a widget in the front end; undefined in a script. */
  static open(widget: SyncedWidget): WidgetComm | undefined {
    const comms = notebook()?.comms;
    if (!comms) return undefined;
    if (!servesRestoring) comms.registerTarget(`${TARGET}.control`, serveRestoring);
    servesRestoring = true;
    const { state, buffer_paths, buffers } = toWire(widget.frontEndState());
    const comm = comms.open(TARGET, { state, buffer_paths }, { metadata: { version: VERSION }, buffers });
    const opening = new WidgetComm(comm);
    const reference = new WeakRef(widget);
    opened.set(comm.id, reference);
    closing.register(widget, opening, opening);
    comm.onMessage((message) => {
      const target = reference.deref();
      return target && opening.handle(target, message);
    });
    comm.onClose(() => {
      opening.forget();
      reference.deref()?.lost();
    });
    return opening;
  }

  /** Sends changed values. */
  update(changes: FrontEndState): void {
    Object.assign((this.pending ??= {}), changes);
    if (performance.now() - this.sent > INTERVAL_MS) this.flush();
    else queueMicrotask(() => this.flush());
  }

  /** Sends a message to the page's code. */
  message(content: unknown, buffers: (ArrayBuffer | ArrayBufferView)[]): void {
    this.flush();
    this.comm.send({ method: 'custom', content }, { buffers });
  }

  /** Closes it in the front end. */
  close(): void {
    this.forget();
    this.comm.close();
  }

  private forget(): void {
    opened.delete(this.id);
    closing.unregister(this);
  }

  private flush(): void {
    const changes = this.pending;
    this.pending = undefined;
    if (!changes || this.comm.closed) return;
    this.send('update', changes);
    this.sent = performance.now();
  }

  private send(method: string, values: FrontEndState): void {
    const { state, buffer_paths, buffers } = toWire(values);
    this.comm.send({ method, state, buffer_paths }, { buffers });
  }

  private handle(widget: SyncedWidget, { data, buffers }: CommMessage): Promise<void> | undefined {
    if (data.method === 'request_state') {
      this.pending = undefined;
      this.send('update', widget.frontEndState());
    } else if (data.method === 'custom') return widget.receiveMessage(data.content, buffers);
    else if (data.method === 'update' && typeof data.state === 'object' && data.state !== null) {
      const changes = fromWire(data.state as FrontEndState, data.buffer_paths, buffers);
      this.send('echo_update', changes); // for the other pages; the one that sent it knows it as its own
      return widget.receive(changes);
    }
    return undefined;
  }
}

/** A page that is opened asks for all widgets at once. */
function serveRestoring(control: Comm): void {
  control.onMessage(({ data }) => {
    if (data.method !== 'request_states') return;
    const states: FrontEndState = {};
    for (const [id, reference] of opened) {
      const state = reference.deref()?.frontEndState();
      if (!state) continue;
      const {
        _model_name: model_name,
        _model_module: model_module,
        _model_module_version: model_module_version,
      } = state;
      states[id] = { model_name, model_module, model_module_version, state };
    }
    const { state, buffer_paths, buffers } = toWire(states);
    control.send({ method: 'update_states', states: state, buffer_paths }, { buffers });
  });
}
