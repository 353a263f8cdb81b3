// What a person sees while work runs: in a notebook a progress bar and a chart that replace themselves, on a terminal one
// line, elsewhere plain log lines on stderr.

import type { ScalarRecord } from '../training/history';
import type { StepEvent, TrainHooks } from '../training/loop';
import { notebook } from '../visualization/display';
import { lossChart } from '../visualization/loss-chart';
import { type ProgressState, progressBundle, progressText } from '../visualization/progress';
import type { TrainingCurves } from '../visualization/training-curves';

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
  // the time left is told from the part in hand: training and evaluating go at different speeds
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

/** Losses of a log record: what is no rate, time or position. */
export const lossesOf = (scalars: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(scalars).filter(([name]) => name.includes('loss')));

const CHART_NAMES: [RegExp, string][] = [
  [/^(coco\/bbox|pascal_voc)[_/]mAP$/, 'AP'],
  [/^(coco\/bbox|pascal_voc)[_/](mAP_|AP)50$/, 'AP50'],
  [/^coco\/bbox_mAP_75$/, 'AP75'],
];

/** The chart's numbers of an evaluation logged under MMDetection's names. */
export function chartMetrics(record: ScalarRecord): Record<string, number> {
  const entries = CHART_NAMES.flatMap(([pattern, name]) => {
    const key = Object.keys(record).find((k) => pattern.test(k));
    return key === undefined ? [] : [[name, record[key]] as const];
  });
  return Object.fromEntries(entries);
}

export interface RunView {
  hooks: TrainHooks;
  curves: TrainingCurves;
  /** Progress of an evaluation inside the run. */
  evaluating(epoch: number): (done: number, total: number) => void;
  /** Draws the last state of everything. */
  finish(): Promise<void>;
}

/** The displays of one training run. */
export function runView(title: string, maxEpochs: number, { quiet = false } = {}): RunView {
  const screen = quiet ? undefined : notebook();
  const view = progressView('', { quiet });
  const curves: TrainingCurves = { steps: [], evaluations: [] };
  const chartId = crypto.randomUUID();
  let drawing: Promise<void> | undefined;
  let nextChart = 0;
  const drawChart = async (): Promise<void> => {
    const started = performance.now();
    screen!.display(await lossChart(curves, { title, maxEpochs }), { id: chartId });
    const spent = performance.now() - started;
    // drawing takes at most a thirtieth of the time
    nextChart = performance.now() + Math.max(1000, 30 * spent);
  };
  const chart = (now = false): void => {
    if (!screen || drawing || (!now && performance.now() < nextChart) || curves.steps.length < 2) return;
    drawing = drawChart().finally(() => {
      drawing = undefined;
    });
  };
  const terminal = !quiet && !screen && process.stderr.isTTY === true;
  return {
    curves,
    hooks: {
      log(line) {
        // the bar and the chart say what iteration lines say
        if (screen || terminal) {
          if (!line.startsWith('Epoch(train)') && !(screen && line.startsWith('Epoch(val)'))) view.line(line);
        } else view.line(line);
      },
      onStart(history, { maxSteps }) {
        for (const record of history.train)
          curves.steps.push({ epoch: (record.iter / maxSteps) * maxEpochs, lr: record.lr, losses: lossesOf(record) });
        for (const record of history.evaluations)
          curves.evaluations.push({ epoch: record.step, metrics: chartMetrics(record) });
      },
      onStep(event: StepEvent) {
        const { epoch, iteration, batchesPerEpoch, scalars, lr, step, maxSteps, eta } = event;
        curves.steps.push({ epoch: epoch - 1 + iteration / batchesPerEpoch, lr, losses: lossesOf(scalars) });
        view.update(step, maxSteps, {
          label: `epoch ${epoch}/${maxEpochs}`,
          eta,
          details: [
            `loss ${scalars.loss.toFixed(3)}`,
            `lr ${lr.toPrecision(2)}`,
            `${event.time.toFixed(2)} s/iteration`,
          ],
        });
        chart();
      },
      onRecord(history) {
        const known = curves.evaluations.length;
        for (const record of history.evaluations.slice(known)) {
          curves.evaluations.push({ epoch: record.step, metrics: chartMetrics(record) });
          chart(true);
        }
      },
    },
    evaluating: (epoch) => (done, total) => view.update(done, total, { label: `evaluating after epoch ${epoch}` }),
    async finish() {
      view.close();
      await drawing;
      if (screen && curves.steps.length > 0) await drawChart();
    },
  };
}
