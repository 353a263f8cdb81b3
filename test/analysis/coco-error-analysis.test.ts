// COCO's error analysis beside the curves of MMDetection's script.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { cocoErrorAnalysis, supercategoriesOf } from '../../src/analysis/coco-error-analysis';
import { truthsOfCoco } from '../../src/evaluation';
import { evaluatedSet, isSame, type ReferenceSet } from '../evaluation/reference-sets';

const golden = (name: string) => JSON.parse(readFileSync(path.join(__dirname, '../golden', name), 'utf8'));

it('every curve of every class, area and stage', () => {
  const sets = golden('metrics.json') as ReferenceSet[];
  // [stages][classes][areas]: means of the curves, and weighted by recall
  const expected = golden('error_analysis.json') as { index: number; means: number[][][]; weighted: number[][][] }[];
  expect(expected.length).toBeGreaterThan(8);
  for (const { index, means, weighted } of expected) {
    const { file, dataset, found } = evaluatedSet(sets[index]);
    const images = truthsOfCoco(file).map((truths) => ({ truths, detections: found.get(truths.imageId)! }));
    const analysed = cocoErrorAnalysis(images, dataset.classes, supercategoriesOf(dataset.classes, dataset.categories));
    const over = (weight: (k: number) => number) =>
      means.flatMap((_, stage) =>
        analysed.flatMap(({ curves }) =>
          curves[stage].map((curve) => curve.reduce((sum, precision, k) => sum + precision * weight(k), 0) / 101),
        ),
      );
    expect([
      index,
      isSame(
        over(() => 1),
        means.flat(2),
        2e-9,
      ),
    ]).toEqual([index, true]);
    expect([
      index,
      isSame(
        over((k) => k / 100),
        weighted.flat(2),
        2e-9,
      ),
    ]).toEqual([index, true]);
  }
});
