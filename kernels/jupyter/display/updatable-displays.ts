// The outputs of a notebook that can be replaced: at most ten times a second each, the last one always. What takes time to
// draw has its place at once, so that outputs stay in the order they were asked for.

import { clearTimeout, setTimeout } from 'node:timers';
import { type Cell, cells } from '../session/cell';
import type { Draft, Shown } from './bundle';

const INTERVAL_MS = 100;

export type Publish = (type: string, content: Record<string, unknown>, cell: Cell | undefined) => void;

/** One output. */
export interface Output {
  readonly id: string;
  /** The cell it is shown for: its messages answer that cell's request. */
  cell: Cell | undefined;
  /** The cell it last appeared in. */
  home: Cell | undefined;
  sent: number;
  waiting?: Draft;
  timer?: NodeJS.Timeout;
  /** A draft that is being finished; what comes meanwhile waits. */
  finishing?: Promise<void>;
  /** Contents asked for so far, and the last of them that arrived: a slow one does not replace a later one. */
  asked: number;
  arrived: number;
}

/** What there is to show until the first content arrives. */
const EMPTY: Shown = { data: { 'text/plain': '' }, metadata: {} };

export function createOutputs(publish: Publish, describe: (error: unknown) => { traceback: string[] }) {
  const known = new Map<string, Output>();
  /** Outputs of which something waits or is on its way. */
  const active = new Set<Output>();
  /** Contents on their way. */
  const coming = new Map<Promise<void>, Output>();

  function send(output: Output, type: string, { data, metadata }: Shown) {
    output.sent = Date.now();
    publish(type, { data, metadata, transient: { display_id: output.id } }, output.cell);
  }

  /** Sends what waits: at once, or, with `finish`, when it is complete. */
  function release(output: Output, complete: boolean): void {
    clearTimeout(output.timer);
    output.timer = undefined;
    const draft = output.waiting;
    if (!draft) return;
    output.waiting = undefined;
    if (!draft.finish || !complete) {
      active.delete(output);
      send(output, 'update_display_data', draft);
      return;
    }
    output.finishing = draft
      .finish()
      .catch(() => draft)
      .then((shown) => {
        output.finishing = undefined;
        send(output, 'update_display_data', shown);
        if (output.waiting) schedule(output);
        else active.delete(output);
      });
  }

  function schedule(output: Output): void {
    active.add(output);
    if (output.finishing) return;
    const wait = output.sent + INTERVAL_MS - Date.now();
    if (wait <= 0) release(output, true);
    else {
      // Not of the cell's: its timers end when it is stopped, and this one is to come back for later updates.
      output.timer ??= cells.exit(() => setTimeout(() => release(output, true), wait));
    }
  }

  function errorDraft(error: unknown): Shown {
    return {
      data: { 'text/plain': `Cannot display this value:\n${describe(error).traceback.join('\n')}` },
      metadata: {},
    };
  }

  /** Takes what comes later: when it is still the newest. */
  function expect(output: Output, content: Promise<Draft>): void {
    const turn = ++output.asked;
    const arrival = content.catch(errorDraft).then((draft: Draft) => {
      coming.delete(arrival);
      if (turn < output.arrived) return;
      output.arrived = turn;
      output.waiting = draft;
      schedule(output);
    });
    coming.set(arrival, output);
  }

  function put(output: Output, content: Draft | Promise<Draft>): void {
    if (content instanceof Promise) {
      expect(output, content);
      return;
    }
    output.arrived = ++output.asked;
    output.waiting = content;
    schedule(output);
  }

  return {
    /** Shows a new output. */
    open(id: string, cell: Cell | undefined, content: Draft | Promise<Draft>): Output {
      const output: Output = { id, cell, home: cell, sent: 0, asked: 0, arrived: 0 };
      if (content instanceof Promise) {
        send(output, 'display_data', EMPTY);
        output.sent = 0;
        expect(output, content);
        return output;
      }
      send(output, 'display_data', content);
      if (content.finish) {
        output.arrived = ++output.asked;
        output.waiting = content;
        active.add(output);
        release(output, true);
      }
      return output;
    },

    /** Replaces an output's content. */
    update(output: Output, cell: Cell | undefined, content: Draft | Promise<Draft>): void {
      output.cell = cell ?? output.cell;
      put(output, content);
    },

    /** The output of this name, if there is one. */
    find: (id: string): Output | undefined => known.get(id),
    remember: (output: Output) => void known.set(output.id, output),

    /** Sends what waits now, complete or not: of one cell, or all. */
    flush(cell?: Cell): void {
      for (const output of [...active]) if (!cell || output.cell === cell) release(output, false);
    },

    /** Resolves when everything the cell shows has been sent in full. */
    async settled(cell: Cell): Promise<void> {
      for (;;) {
        const drawn = [...active].filter((output) => output.cell === cell);
        for (const output of drawn) if (!output.finishing) release(output, true);
        const arriving = [...coming].filter(([, output]) => output.cell === cell).map(([arrival]) => arrival);
        const left = [...drawn.map((output) => output.finishing), ...arriving].filter((item) => item !== undefined);
        if (left.length === 0) return;
        await Promise.all(left);
      }
    },
  };
}

export type Outputs = ReturnType<typeof createOutputs>;
