// Areas of classes in predicted and true semantic maps, and the measures made of them: IoU, Dice, F score.

import type { SemanticMap } from '../masks';

export const SEMANTIC_METRICS = ['mIoU', 'mDice', 'mFscore'] as const;
export type SemanticKind = (typeof SEMANTIC_METRICS)[number];

/** Pixels of each class: where both maps have it, in the predicted one, in the true one. */
export interface ClassAreas {
  both: Float64Array;
  found: Float64Array;
  truth: Float64Array;
}

export const noAreas = (classes: number): ClassAreas => ({
  both: new Float64Array(classes),
  found: new Float64Array(classes),
  truth: new Float64Array(classes),
});

/** Pixels that the truth ignores count nowhere, labels of no class in neither area. */
export function addAreas(areas: ClassAreas, truth: SemanticMap, found: SemanticMap, ignored: number): void {
  const { both, found: predicted, truth: annotated } = areas;
  const classes = both.length;
  for (let i = 0; i < truth.data.length; i++) {
    const [label, guess] = [truth.data[i], found.data[i]];
    if (label === ignored) continue;
    if (label < classes) annotated[label]++;
    if (guess < classes) predicted[guess]++;
    if (label === guess && label < classes) both[label]++;
  }
}

/** By class, under MMDetection's names in its order; NaN where there are no pixels to divide by. */
export function valuesOf(
  { both, found, truth }: ClassAreas,
  kinds: readonly SemanticKind[],
  beta: number,
): Record<string, Float64Array> {
  const each = (value: (label: number) => number) => both.map((_, label) => value(label));
  const accuracy = each((c) => both[c] / truth[c]);
  const precision = each((c) => both[c] / found[c]);
  const columns: Record<string, Float64Array> = { aAcc: accuracy };
  for (const kind of kinds) {
    if (kind === 'mIoU') {
      columns.IoU = each((c) => both[c] / (found[c] + truth[c] - both[c]));
      columns.Acc = accuracy;
    } else if (kind === 'mDice') {
      columns.Dice = each((c) => (2 * both[c]) / (found[c] + truth[c]));
      columns.Acc = accuracy;
    } else {
      const [p, r] = [precision, accuracy];
      columns.Fscore = each((c) => ((1 + beta ** 2) * p[c] * r[c]) / (beta ** 2 * p[c] + r[c]));
      columns.Precision = precision;
      columns.Recall = accuracy;
    }
  }
  return columns;
}
