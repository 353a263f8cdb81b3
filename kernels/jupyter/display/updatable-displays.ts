// Outputs with a display id, which can be replaced: at most ten times a second each, the last content always. An output
// whose content takes time to draw gets its place at once, so that outputs keep the order of the calls.

import { clearTimeout, setTimeout } from 'node:timers';
import { type Sink, sinks } from '../session/captured-output';
import { type Cell, cells } from '../session/cell';
import type { Draft, Shown } from './bundle';
import type { DescribeError } from './text';

const INTERVAL_MS = 100;

export type Publish = (type: string, content: Record<string, unknown>, cell: Cell | undefined) => void;
export type DisplayContent = Draft | Promise<Draft>;

export interface UpdatableDisplay {
  readonly id: string;
  /** Its messages answer the request of this cell: the one that updated it last. */
  cell: Cell | undefined;
  /** The cell it was opened in. */
  home: Cell | undefined;
  /** Where it is shown instead of in a cell. */
  readonly sink: Sink | undefined;
  /** When it was sent last. */
  sent: number;
  /** Content to send next. */
  pending?: Draft;
  timer?: NodeJS.Timeout;
  /** A draft that is being finished; newer content waits for it. */
  finishing?: Promise<void>;
  /** Number of contents requested, and of the newest that has arrived: a slow one does not replace a newer one. */
  requested: number;
  arrived: number;
}

/** Shown until the first content arrives. */
const EMPTY: Shown = { data: { 'text/plain': '' }, metadata: {} };

export class UpdatableDisplays {
  /** By display id, those that a library or a cell has named. */
  private readonly named = new Map<string, UpdatableDisplay>();
  /** Displays with content that is pending or being finished. */
  private readonly active = new Set<UpdatableDisplay>();
  /** Content that is still being drawn. */
  private readonly arriving = new Map<Promise<void>, UpdatableDisplay>();

  constructor(
    private readonly publish: Publish,
    private readonly describe: DescribeError,
  ) {}

  /** Shows a new display. */
  open(id: string, cell: Cell | undefined, content: DisplayContent): UpdatableDisplay {
    const display: UpdatableDisplay = {
      id,
      cell,
      home: cell?.home ?? cell,
      sink: sinks.getStore(),
      sent: 0,
      requested: 0,
      arrived: 0,
    };
    if (content instanceof Promise) {
      this.send(display, 'display_data', EMPTY);
      display.sent = 0;
      this.awaitContent(display, content);
      return display;
    }
    this.send(display, 'display_data', content);
    if (content.finish) {
      display.arrived = ++display.requested;
      display.pending = content;
      this.active.add(display);
      this.release(display, true);
    }
    return display;
  }

  /** Replaces the content of a display. */
  update(display: UpdatableDisplay, cell: Cell | undefined, content: DisplayContent) {
    display.cell = cell ?? display.cell;
    if (content instanceof Promise) return this.awaitContent(display, content);
    display.arrived = ++display.requested;
    display.pending = content;
    this.schedule(display);
  }

  find(id: string): UpdatableDisplay | undefined {
    return this.named.get(id);
  }

  /** Makes a display findable by its id. */
  remember(display: UpdatableDisplay): void {
    this.named.set(display.id, display);
  }

  /** Sends pending content now, finished or not: of one cell, or of all. */
  flush(cell?: Cell): void {
    for (const display of [...this.active]) if (!cell || display.cell === cell) this.release(display, false);
  }

  /** Resolves when everything that the cell shows has been sent, finished. */
  async settled(cell: Cell): Promise<void> {
    for (;;) {
      const active = [...this.active].filter((display) => display.cell === cell);
      for (const display of active) if (!display.finishing) this.release(display, true);
      const arriving = [...this.arriving].filter(([, display]) => display.cell === cell).map(([arrival]) => arrival);
      const left = [...active.map((display) => display.finishing), ...arriving].filter((item) => item !== undefined);
      if (left.length === 0) return;
      await Promise.all(left);
    }
  }

  private send(display: UpdatableDisplay, type: string, { data, metadata }: Shown): void {
    display.sent = Date.now();
    const content = { data, metadata, transient: { display_id: display.id } };
    sinks.run(display.sink, () => this.publish(type, content, display.cell));
  }

  private schedule(display: UpdatableDisplay): void {
    this.active.add(display);
    if (display.finishing) return;
    const wait = display.sent + INTERVAL_MS - Date.now();
    if (wait <= 0) this.release(display, true);
    else {
      // Outside of the cell, whose timers end when it is stopped: later updates need this one.
      display.timer ??= cells.exit(() => setTimeout(() => this.release(display, true), wait));
    }
  }

  /** Sends pending content: at once, or, with `finish`, when it is finished. */
  private release(display: UpdatableDisplay, finish: boolean): void {
    clearTimeout(display.timer);
    display.timer = undefined;
    const draft = display.pending;
    if (!draft) return;
    display.pending = undefined;
    if (!draft.finish || !finish) {
      this.active.delete(display);
      this.send(display, 'update_display_data', draft);
      return;
    }
    display.finishing = draft
      .finish()
      .catch(() => draft)
      .then((shown) => {
        display.finishing = undefined;
        this.send(display, 'update_display_data', shown);
        if (display.pending) this.schedule(display);
        else this.active.delete(display);
      });
  }

  /** Takes content when it arrives, unless newer content has arrived before it. */
  private awaitContent(display: UpdatableDisplay, content: Promise<Draft>): void {
    const turn = ++display.requested;
    const arrival = content
      .catch((error) => this.errorDraft(error))
      .then((draft: Draft) => {
        this.arriving.delete(arrival);
        if (turn < display.arrived) return;
        display.arrived = turn;
        display.pending = draft;
        this.schedule(display);
      });
    this.arriving.set(arrival, display);
  }

  private errorDraft(error: unknown): Shown {
    const traceback = this.describe(error).traceback.join('\n');
    return { data: { 'text/plain': `Cannot display this value:\n${traceback}` }, metadata: {} };
  }
}
