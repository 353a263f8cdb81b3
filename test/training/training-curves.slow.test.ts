// The losses of 50 steps beside MMDetection's, for every model of golden/training_curves.json. In the first step they are equal but
// for rounding, which then grows with the steps in the reference too: `twin` says how far it is from itself when its weights are
// moved by 2e-7 of their values.

import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { largestDifference, reference, trainedCurves } from './training-curves';

beforeAll(async () => void (await startEngine()));

/** The largest difference in the first step. RTMDet's boxes are then thinner than a pixel: their IoUs have few digits. */
const first = (model: string): number => (model === 'RTMDet-tiny' ? 1e-3 : 1e-4);
/** And later, whatever the model. */
const ROUNDING = 2e-4;
/** How much farther from the reference than that is from its twin, in any loss of the model: one twin is a small sample. */
const TIMES = 10;

test.each(Object.keys(reference.models))('%s', { timeout: 600_000 }, (model) => {
  const { curves, twin } = reference.models[model];
  const found = trainedCurves(model, 50);
  expect(Object.keys(found)).toEqual(Object.keys(curves));
  const farthest = [0, 1].map((i) => Math.max(...Object.values(twin).map((ofLoss) => ofLoss[i])));
  for (const [name, expected] of Object.entries(curves)) {
    const at = (steps: number) => largestDifference(found[name].slice(0, steps), expected);
    expect(at(1), `${name} in the first step`).toBeLessThan(first(model));
    for (const [i, steps] of [10, 50].entries())
      expect(at(steps), `${name} in ${steps} steps`).toBeLessThan(Math.max(ROUNDING, TIMES * farthest[i]));
  }
});
