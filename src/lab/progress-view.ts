// The progress of work: in a notebook a bar that replaces itself, on a terminal one line, elsewhere plain log lines on stderr.

import { notebook } from '../visualization/display';
import { type ProgressState, progressBundle, progressText } from '../visualization/progress';

const PROGRESS_INTERVAL = 250;

export interface ProgressView {
  update(done: number, total: number, more?: Partial<ProgressState>): void;
  /** A line that stays. */
  line(text: string): void;
  close(): void;
}

/** A progress display that draws at most four times a second. */
export function progressView(label: string, { quiet = false } = {}): ProgressView {
  const screen = quiet ? undefined : notebook();
  const terminal = !quiet && !screen && process.stderr.isTTY === true;
  const id = crypto.randomUUID();
  // the time left is estimated from the part in hand: training and evaluating go at different speeds
  let part = { label: '', from: performance.now(), done: 0 };
  let drawn = Number.NEGATIVE_INFINITY;
  let last: ProgressState | undefined;
  let open = false;
  const draw = (state: ProgressState) => {
    if (screen) screen.display(progressBundle(state), { id });
    else if (terminal) {
      const width = (process.stderr.columns || 80) - 1;
      process.stderr.write(`\r\x1b[K${progressText(state).slice(0, width)}`);
      open = true;
    }
    drawn = performance.now();
    last = undefined;
  };
  return {
    update(done, total, more = {}) {
      const now = performance.now();
      const current = more.label ?? label;
      if (current !== part.label) part = { label: current, from: now, done };
      const progress = done - part.done;
      const eta = progress > 0 ? ((now - part.from) / 1000 / progress) * (total - done) : undefined;
      last = { label: current, done, total, eta, ...more };
      if (now - drawn >= PROGRESS_INTERVAL) draw(last);
    },
    line(text) {
      if (quiet) return;
      if (screen) console.log(text);
      else process.stderr.write(`${open ? '\r\x1b[K' : ''}${text}\n`);
    },
    close() {
      if (last) draw(last);
      if (open) process.stderr.write('\n');
      open = false;
    },
  };
}
