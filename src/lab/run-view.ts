// The live displays of a run: progress, log lines and, in a notebook, the loss chart.

import type { ScalarRecord } from '../training/history';
import type { StepEvent, TrainCallbacks } from '../training/hooks/callback-hook';
import type { LoopPlan } from '../training/loops/loop-plan';
import { type Displayable, JUPYTER_DISPLAY, notebook } from '../visualization/display';
import { liveLossChart, lossChart } from '../visualization/loss-chart';
import { downsampled, type TrainingCurves } from '../visualization/training-curves';
import { liveChart } from './live-chart';
import { progressView } from './progress-view';
import { VALIDATION_PREFIX } from './validation-loss';

/** The losses of a log record. */
export const lossesOf = (scalars: Record<string, number>): Record<string, number> =>
  Object.fromEntries(Object.entries(scalars).filter(([name]) => name.includes('loss')));

const CHART_NAMES: [RegExp, string][] = [
  [/^((teacher|student)\/)?(coco\/bbox|pascal_voc)[_/]mAP$/, 'AP'],
  [/^((teacher|student)\/)?(coco\/bbox|pascal_voc)[_/](mAP_|AP)50$/, 'AP50'],
  [/^((teacher|student)\/)?coco\/bbox_mAP_75$/, 'AP75'],
];

/** The chart's metrics of an evaluation logged with MMDetection's names. */
export function chartMetrics(record: ScalarRecord): Record<string, number> {
  const entries = CHART_NAMES.flatMap(([pattern, name]) => {
    const key = Object.keys(record).find((k) => pattern.test(k));
    return key === undefined ? [] : [[name, record[key]] as const];
  });
  return Object.fromEntries(entries);
}

/** The validation losses of a record by the names of training's; undefined where there are none. */
function validationLossesOf(record: ScalarRecord): Record<string, number> | undefined {
  const entries = Object.entries(record).filter(
    ([name]) => name.startsWith(VALIDATION_PREFIX) && name.includes('loss'),
  );
  if (entries.length === 0) return undefined;
  return Object.fromEntries(entries.map(([name, value]) => [name.slice(VALIDATION_PREFIX.length), value]));
}

function evaluationOf(record: ScalarRecord): TrainingCurves['evaluations'][number] {
  const losses = validationLossesOf(record);
  return { at: record.step, metrics: chartMetrics(record), ...(losses && { losses }) };
}

/** Points of the chart that a checkpoint keeps, so that the chart of a resumed run begins where the run did. */
const KEPT_POINTS = 400;

export interface RunView {
  /** Prints a line of the log. */
  log(line: string): void;
  callbacks: TrainCallbacks;
  curves: TrainingCurves;
  /** Progress of an evaluation inside the run. */
  evaluating(after: { epoch: number; step: number }, what?: string): (done: number, total: number) => void;
  /** Shows images in place of those that were shown under this key before; absent where there is no notebook. */
  show?: (key: string, images: Displayable) => Promise<void>;
  /** Draws the final state of all displays. */
  finish(): Promise<void>;
}

export interface RunViewOptions {
  /** Shows nothing. */
  quiet?: boolean;
  /** What this run has taken so far. */
  cost?: () => Cost;
}

type Cost = Pick<TrainingCurves['evaluations'][number], 'seconds' | 'joules'>;

/** What a checkpoint keeps of a view; older ones have the steps alone. */
interface KeptView extends Pick<TrainingCurves, 'steps'> {
  spent?: Cost;
  costs?: (Cost & { at: number })[];
}

/** What a run has taken, with what it had taken before it was resumed. */
class Spending {
  private before: Cost = { seconds: 0, joules: 0 };
  private costs: NonNullable<KeptView['costs']> = [];

  constructor(private readonly now: () => Cost) {}

  soFar(): Cost {
    const now = this.now();
    // of a run that is resumed where nothing was counted before, nothing is known
    const sum = (name: keyof Cost) => {
      const [a, b] = [this.before[name], now[name]];
      return a === undefined || b === undefined ? undefined : a + b;
    };
    return costOf({ seconds: sum('seconds'), joules: sum('joules') });
  }

  restore(before: Cost = {}, costs: NonNullable<KeptView['costs']> = []): void {
    this.before = before;
    this.costs = costs;
  }

  /** Of an evaluation that was made before the resume. */
  at(place: number): Cost {
    return costOf(this.costs.find(({ at }) => at === place) ?? {});
  }
}

/** The displays of one training run. */
export function runView(
  title: string,
  { unit, total }: LoopPlan,
  { quiet = false, cost = () => ({}) }: RunViewOptions = {},
): RunView {
  const screen = quiet ? undefined : notebook();
  const terminal = !quiet && !screen && process.stderr.isTTY === true;
  const view = progressView('', { quiet });
  const [imagesId, chartId] = [crypto.randomUUID(), crypto.randomUUID()];
  const curves: TrainingCurves = { unit, steps: [], evaluations: [] };
  const spending = new Spending(cost);
  const chart =
    screen &&
    liveChart(
      () => liveLossChart(curves, { title, total }),
      (bundle) => screen.display(bundle, { id: chartId }),
    );
  return {
    curves,
    log(line) {
      // the bar and the chart show the content of iteration lines
      const shown = (screen || terminal) && /^(Epoch|Iter)\(train\)/.test(line);
      if (!shown && !(screen && /^(Epoch|Iter)\(val\)/.test(line))) view.line(line);
    },
    callbacks: {
      state: (): KeptView => ({
        steps: downsampled(curves.steps, KEPT_POINTS),
        spent: spending.soFar(),
        costs: curves.evaluations.map(({ at, ...one }) => ({ at, ...costOf(one) })),
      }),
      restore(state) {
        const { steps, spent, costs } = state as KeptView;
        curves.steps.push(...steps);
        spending.restore(spent, costs);
      },
      onStart(history, { maxSteps }) {
        // older checkpoints have only what was logged
        if (curves.steps.length === 0)
          for (const record of history.train)
            curves.steps.push({ at: (record.iter / maxSteps) * total, lr: record.lr, losses: lossesOf(record) });
        for (const record of history.evaluations) {
          curves.evaluations.push({ ...evaluationOf(record), ...spending.at(record.step) });
        }
      },
      onStep(event) {
        const { scalars, lr, step, maxSteps, eta } = event;
        curves.steps.push({ at: positionOf(event), lr, losses: lossesOf(scalars) });
        view.update(step, maxSteps, {
          label: unit === 'epoch' ? `epoch ${event.epoch}/${event.maxEpochs}` : 'iterations',
          eta,
          details: [
            `loss ${scalars.loss.toFixed(3)}`,
            `lr ${lr.toPrecision(2)}`,
            `${event.time.toFixed(2)} s/iteration`,
          ],
        });
        chart?.update();
      },
      onRecord(history) {
        for (const record of history.evaluations.slice(curves.evaluations.length)) {
          curves.evaluations.push({ ...evaluationOf(record), ...spending.soFar() });
          chart?.draw();
        }
      },
    },
    evaluating({ epoch, step }, what = 'evaluating') {
      const label = `${what} after ${unit === 'epoch' ? `epoch ${epoch}` : `iteration ${step}`}`;
      return (done, count) => view.update(done, count, { label });
    },
    ...(screen && {
      show: async (key: string, images: Displayable) => {
        screen.display(await images[JUPYTER_DISPLAY](), { id: `${imagesId} ${key}` });
      },
    }),
    async finish() {
      view.close();
      if (screen && curves.steps.length > 0) screen.display(await lossChart(curves, { title, total }), { id: chartId });
    },
  };
}

/** Without what is not known. */
const costOf = ({ seconds, joules }: Cost): Cost => ({
  ...(seconds !== undefined && { seconds }),
  ...(joules !== undefined && Number.isFinite(joules) && { joules }),
});

const positionOf = ({ unit, epoch, iteration, batchesPerEpoch, step }: StepEvent): number =>
  unit === 'epoch' ? epoch - 1 + iteration / batchesPerEpoch : step;
