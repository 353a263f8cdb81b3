// The score that is kept with a model's weights: from there on, its detections are drawn and reported.

import type { ThresholdGoal } from '../analysis/score-curves';
import { DetLabError } from '../errors';
import type { Report } from './report';
import { checkedGoal, goalText, type ThresholdOptions } from './report-threshold';

/** The score from which a model's boxes are shown, and where it comes from. */
export interface ModelThreshold {
  score: number;
  /** What it was chosen for, at which IoU and on which data; absent where the score was given. */
  goal?: ThresholdGoal;
  iou?: number;
  data?: string;
}

/** @throws DetLabError without a report where one is required, for one of other classes, and where the goal is never reached */
export function chooseThreshold(
  classes: readonly string[],
  given: ThresholdGoal,
  report: Report | undefined,
  options: ThresholdOptions = {},
): ModelThreshold {
  const goal = checkedGoal(given);
  if (typeof goal === 'number') {
    const [unused] = Object.entries(options).flatMap(([name, value]) => (value === undefined ? [] : [name]));
    if (unused === undefined) return { score: goal };
    throw new DetLabError(
      `Cannot choose the threshold ${goal}: ${unused} has no effect on a given score; it is for 'best' and { precision }`,
    );
  }
  const text = typeof goal === 'string' ? `'${goal}'` : `{ precision: ${goal.precision} }`;
  if (!report)
    throw new DetLabError(
      `Cannot choose the threshold ${text}: expected the report of an evaluation, received none. ` +
        `Use withThreshold(${text}, await model.evaluate(data))`,
    );
  const evaluated = report.results?.dataset.classes ?? classes;
  if (evaluated.join('\n') !== classes.join('\n'))
    throw new DetLabError(
      `Cannot choose a threshold by the report of "${report.data}": its classes are ${evaluated.join(', ')}; the model's are ` +
        `${classes.join(', ')}`,
    );
  const { all, iou, data, score } = report.threshold(goal, options);
  if (score === undefined) throw new DetLabError(`Cannot choose the threshold ${text} on "${data}": ${all.unreached}`);
  return { score, goal, iou, data };
}

/** A line of the model's summary. */
export function thresholdNote({ score, goal, iou, data }: ModelThreshold): string {
  const chosen = goal === undefined ? '' : `: ${goalText(goal)} at IoU ${iou} on ${data}`;
  return `detections are shown from a score of ${Number(score.toFixed(3))} on${chosen}`;
}

/** The threshold in a file's metadata. @throws DetLabError for one that is no score */
export function storedThreshold(meta: { threshold?: unknown } | undefined, file: string): ModelThreshold | undefined {
  const { threshold } = meta ?? {};
  if (threshold === undefined || threshold === null) return undefined;
  const { score } = threshold as { score?: unknown };
  if (typeof score === 'number' && score >= 0 && score <= 1) return threshold as ModelThreshold;
  throw new DetLabError(
    `Cannot read the threshold of "${file}": expected a score from 0 to 1, received ${JSON.stringify(score ?? threshold)}`,
  );
}
