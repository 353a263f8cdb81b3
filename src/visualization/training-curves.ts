// The data of a run's chart, collected during training: losses and learning rate by iteration, and the metrics of evaluations.

import { csvText } from './savable';

export interface TrainingCurves {
  /** What `at` counts. */
  unit: 'epoch' | 'iteration';
  /** Epochs are fractional: 2.5 is halfway through the third epoch. */
  steps: { at: number; lr: number; losses: Record<string, number> }[];
  /** `losses`: those of the validation images, by the names of training's. */
  evaluations: Evaluated[];
}

export interface Evaluated {
  at: number;
  metrics: Record<string, number>;
  losses?: Record<string, number>;
  /** Of the run up to here, evaluations included; what was before a resume included. */
  seconds?: number;
  /** That the machine has counted in this time, where it can be read. */
  joules?: number;
}

/**
 * At most `count` points, each the mean of a bin: long runs draw as fast as short ones. Bins are equally wide, so that the part
 * of a resumed run that is known by fewer points keeps its width.
 */
export function downsampled(steps: TrainingCurves['steps'], count = 200): TrainingCurves['steps'] {
  if (steps.length <= count) return steps;
  const first = steps[0].at;
  const width = (steps[steps.length - 1].at - first) / count || 1;
  const bins: TrainingCurves['steps'][] = Array.from({ length: count }, () => []);
  for (const step of steps) bins[Math.min(count - 1, Math.max(0, Math.floor((step.at - first) / width)))].push(step);
  return bins.filter((bin) => bin.length > 0).map(meanOf);
}

/** Its losses averaged, at its end. */
function meanOf(bin: TrainingCurves['steps']): TrainingCurves['steps'][number] {
  const losses: Record<string, number> = {};
  for (const name of Object.keys(bin[0].losses))
    losses[name] = bin.reduce((sum, s) => sum + s.losses[name], 0) / bin.length;
  const { at, lr } = bin[bin.length - 1];
  return { at, lr, losses };
}

/** A row for each iteration and each evaluation, in order; empty cells where a row has no such value. */
export function curvesCsv({ unit, steps, evaluations }: TrainingCurves): string {
  const rows: Record<string, number>[] = [
    ...steps.map(({ at, lr, losses }) => ({ [unit]: at, lr, ...losses })),
    ...evaluations.map(({ at, metrics, losses = {} }) => {
      const validation = Object.entries(losses).map(([name, value]) => [`val/${name}`, value] as const);
      return { [unit]: at, ...metrics, ...Object.fromEntries(validation) };
    }),
  ].sort((a, b) => a[unit] - b[unit]);
  const columns = [...new Set([unit, ...rows.flatMap((row) => Object.keys(row))])];
  return csvText(
    columns,
    rows.map((row) => columns.map((name) => row[name] ?? '')),
  );
}

/** Share of a curve's width over which it is smoothed. */
const SMOOTHING = 1 / 30;

/**
 * The exponential moving average of a curve, without its bias towards the start: each point is the mean of all up to it, weighted
 * by exp(-distance / width). Distances are along the axis, so that points far apart are not mixed.
 * @param width of the average along the axis; a thirtieth of the curve by default
 */
export function smoothed(
  points: readonly (readonly [x: number, y: number])[],
  width?: number,
): [x: number, y: number][] {
  if (points.length === 0) return [];
  const span = width ?? (points[points.length - 1][0] - points[0][0]) * SMOOTHING;
  let [sum, weight, last] = [0, 0, points[0][0]];
  return points.map(([x, y]) => {
    const kept = span > 0 ? Math.exp((last - x) / span) : 0;
    [sum, weight, last] = [sum * kept + y, weight * kept + 1, x];
    return [x, sum / weight];
  });
}
