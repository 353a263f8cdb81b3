// Progress displays: in a notebook a bar that is updated in place, on a terminal one line; log lines go to stderr.

import { notebook } from '../visualization/display';
import { type ProgressState, progressBundle, progressText } from '../visualization/progress';

const PROGRESS_INTERVAL = 250;

export interface ProgressView {
  update(done: number, total: number, more?: Partial<ProgressState>): void;
  /** Prints a log line. */
  line(text: string): void;
  close(): void;
}

/** A progress display, updated at most four times a second. */
export function progressView(label: string, { quiet = false } = {}): ProgressView {
  const screen = quiet ? undefined : notebook();
  const terminal = !quiet && !screen && process.stderr.isTTY === true;
  const id = crypto.randomUUID();
  // the remaining time is estimated from the current phase: training and evaluation differ in speed
  let phase = { label: '', from: performance.now(), done: 0 };
  let drawn = Number.NEGATIVE_INFINITY;
  let last: ProgressState | undefined;
  let isDrawn = true; // whether `last` is on the screen
  let open = false;
  const draw = (state: ProgressState) => {
    if (screen) screen.display(progressBundle(state), { id });
    else if (terminal) {
      const width = (process.stderr.columns || 80) - 1;
      process.stderr.write(`\r\x1b[K${progressText(state).slice(0, width)}`);
      open = true;
    }
    drawn = performance.now();
    isDrawn = true;
  };
  return {
    update(done, total, more = {}) {
      const now = performance.now();
      const current = more.label ?? label;
      if (current !== phase.label) phase = { label: current, from: now, done };
      const progress = done - phase.done;
      const eta = progress > 0 ? ((now - phase.from) / 1000 / progress) * (total - done) : undefined;
      last = { label: current, done, total, eta, ...more };
      isDrawn = false;
      if (now - drawn >= PROGRESS_INTERVAL) draw(last);
    },
    line(text) {
      if (quiet) return;
      if (screen) console.log(text);
      else process.stderr.write(`${open ? '\r\x1b[K' : ''}${text}\n`);
    },
    close() {
      // what ends before its last step has no time left
      if (last && (!isDrawn || last.done < last.total)) draw({ ...last, eta: undefined });
      if (open) process.stderr.write('\n');
      open = false;
    },
  };
}
