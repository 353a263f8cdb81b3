// `report.threshold('best')`: the score from which detections are kept, of all classes and each, with what it gives and how far
// that may be trusted (bootstrap over images).

import type { BootstrapOptions, Interval } from '../analysis/bootstrap';
import { type PooledMatches, pooledMatches } from '../analysis/ranked-matches';
import {
  choosePoint,
  mostPrecisePoint,
  type OperatingPoint,
  scoreCounts,
  type ThresholdGoal,
} from '../analysis/score-curves';
import { type ThresholdBand, thresholdBands } from '../analysis/threshold-band';
import { DetLabError, didYouMean } from '../errors';
import type { EvaluationResults } from '../evaluation';
import type { MimeBundle } from '../visualization/display';
import { csvText, type Formats, SavableDisplay } from '../visualization/savable';
import { type Table, tableHtml, tablesBundle, tableText } from '../visualization/table';

/** The goal by which a threshold is chosen: a precision, a recall or the best F1. */
export interface ThresholdOptions extends BootstrapOptions {
  /** IoU from which a detection finds an object. Default 0.5. */
  iou?: number;
  /** Match masks instead of boxes. */
  masks?: boolean;
}

/** The threshold of a class, or of all. */
export interface ClassThreshold {
  class: string;
  truths: number;
  /** Undefined where the goal is never reached. */
  point: OperatingPoint | undefined;
  band: ThresholdBand;
  /** Why there is none. */
  unreached?: string;
}

/** A threshold with its numbers: displayed as a table; saved as .html, .csv, .json or .txt. */
export class ReportThreshold extends SavableDisplay {
  protected readonly what = 'threshold';

  constructor(
    readonly goal: ThresholdGoal,
    readonly iou: number,
    /** Counted over the detections of all classes together. */
    readonly all: ClassThreshold,
    readonly perClass: readonly ClassThreshold[],
    /** Name of the dataset. */
    readonly data: string,
    private readonly note: string,
  ) {
    super();
  }

  /** The threshold of all classes; undefined where the goal is never reached. */
  get score(): number | undefined {
    return this.all.point?.score;
  }

  get table(): Table {
    const rows = [this.all, ...this.perClass];
    const missing = rows.filter(({ unreached }) => unreached !== undefined);
    const columns = ['class', 'truths', 'threshold', 'precision', 'recall', 'F1', 'right', 'wrong', 'missed'];
    return {
      title: `${goalText(this.goal)} at IoU ${this.iou}, ${this.data}`,
      columns: columns.map((title, i) => ({ title, align: i === 0 ? 'left' : 'right' })),
      rows: rows.map(cells),
      strong: [0],
      note: [...missing.map((row) => `${row.class}: ${row.unreached}`), this.note].join('\n'),
    };
  }

  protected formats(): Formats {
    return {
      html: () => tableHtml(this.table),
      csv: () => this.csv(),
      json: () => {
        const { goal, iou, all, perClass, data, note } = this;
        return { goal, iou, data, all, perClass, note };
      },
      txt: () => `${this}\n`,
    };
  }

  private csv(): string {
    const names = ['threshold', 'precision', 'recall', 'f1'] as const;
    const columns = [
      ...['class', 'truths', ...names, 'true_positives', 'false_positives', 'missed'],
      ...names.flatMap((name) => [`${name}_low`, `${name}_high`]),
    ];
    const rows = [this.all, ...this.perClass].map(({ class: label, truths, point, band }) => [
      label,
      truths,
      ...[point?.score, point?.precision, point?.recall, point?.f1].map((value) => value ?? ''),
      ...[point?.truePositives, point?.falsePositives, point?.missed].map((value) => value ?? ''),
      ...names.flatMap((name) => [band[name]?.low ?? '', band[name]?.high ?? '']),
    ]);
    return csvText(columns, rows);
  }

  protected bundle(): MimeBundle {
    return tablesBundle(this.table);
  }

  toString(): string {
    return tableText(this.table);
  }
}

function cells({ class: label, truths, point, band }: ClassThreshold): string[] {
  const text = (value: number | undefined, interval: Interval | undefined) =>
    value === undefined || Number.isNaN(value)
      ? '–'
      : `${value.toFixed(3)}${interval ? ` [${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]` : ''}`;
  return [
    label,
    truths.toLocaleString('en'),
    point ? text(point.score, band.threshold) : 'never reached',
    text(point?.precision, band.precision),
    text(point?.recall, band.recall),
    text(point?.f1, band.f1),
    ...[point?.truePositives, point?.falsePositives, point?.missed].map((n) => n?.toLocaleString('en') ?? '–'),
  ];
}

export const goalText = (goal: ThresholdGoal): string =>
  goal === 'best'
    ? 'Threshold of the highest F1'
    : typeof goal === 'number'
      ? `Detections with a score from ${goal} on`
      : `Lowest threshold with a precision of ${goal.precision}`;

/** @throws DetLabError for a goal that is none, with the nearest */
export function checkedGoal(goal: unknown): ThresholdGoal {
  const fail = (received: string, hint = ''): never => {
    throw new DetLabError(
      `Cannot choose a threshold: expected 'best', a score such as 0.4, or { precision: 0.9 }, received ${received}${hint}`,
    );
  };
  if (goal === 'best') return goal;
  if (typeof goal === 'string') return fail(`"${goal}"`, didYouMean(goal, ['best']));
  if (typeof goal === 'number') return goal >= 0 && goal <= 1 ? goal : fail(`${goal}; scores are from 0 to 1`);
  if (typeof goal !== 'object' || goal === null) return fail(String(goal));
  const other = Object.keys(goal).find((key) => key !== 'precision');
  if (other !== undefined) return fail(`the key "${other}"`, didYouMean(other, ['precision']));
  const { precision } = goal as { precision?: unknown };
  if (typeof precision !== 'number' || !(precision > 0 && precision <= 1))
    return fail(`a precision of ${String(precision)}; it is above 0 and at most 1`);
  return { precision };
}

/** @param matches those at the IoU, where they are at hand */
export function reportThreshold(
  results: EvaluationResults,
  given: ThresholdGoal = 'best',
  { iou = 0.5, masks, resamples = 1000, seed = 0 }: ThresholdOptions = {},
  matches?: PooledMatches,
): ReportThreshold {
  const goal = checkedGoal(given);
  const { classes, images, pool } = matches ?? pooledMatches(results, { ious: [iou], masks });
  const series = [pool, ...classes];
  const counts = series.map((one) => scoreCounts(one));
  const points = counts.map((one) => choosePoint(one, goal));
  const scores = points.map((point) => point?.score);
  const bands = thresholdBands(series, goal, scores, { resamples, seed });
  const rows = series.map(({ name, positives }, s): ClassThreshold => {
    const point = points[s];
    const highest = mostPrecisePoint(counts[s]);
    return {
      class: name,
      truths: positives,
      point,
      band: bands[s],
      ...(point ? {} : { unreached: reason(goal, positives, highest) }),
    };
  });
  const note =
    `In brackets, 95% of ${resamples} draws of the ${images} images (seed ${seed}), of the threshold chosen anew on each, ` +
    `and of what this threshold gives; all classes: their detections counted together${cocoNote(results)}`;
  return new ReportThreshold(goal, iou, rows[0], rows.slice(1), results.dataset.name, note);
}

/** Thresholds, curves and verdicts match by COCO's rule, also those of reports whose AP is VOC's. */
export const cocoNote = ({ metric: { type } }: EvaluationResults): string =>
  type === 'CocoMetric' ? '' : `; matched by COCO's rule, not by that of ${type}`;

function reason(goal: ThresholdGoal, positives: number, highest: OperatingPoint | undefined): string {
  if (positives === 0) return 'the data has no objects of it';
  if (!highest) return 'nothing was detected';
  if (goal === 'best' || typeof goal === 'number') return 'no detection is right';
  const { precision, score, recall } = highest;
  return (
    `a precision of ${goal.precision} is never reached; the highest is ${precision.toFixed(3)}, ` +
    `at a score of ${score.toFixed(3)} (recall ${recall.toFixed(3)})`
  );
}
