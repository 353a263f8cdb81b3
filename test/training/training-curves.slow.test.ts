// The losses of 50 steps beside MMDetection's, for every model of golden/training_curves.json. Rounding grows with the steps, and a
// tie that falls to the other side (an assignment, a match) is a difference of one step: the bounds are twice what was measured.

import { writeFileSync } from 'node:fs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../src/engine';
import { largestDifference, reference, trainedCurves } from './training-curves';

beforeAll(async () => void (await startEngine()));

test.each(Object.keys(reference.models))('%s', { timeout: 600_000 }, (model) => {
  const { curves } = reference.models[model];
  const found = trainedCurves(model, 50);
  const rows = Object.entries(curves).map(([name, expected]) => {
    const at = (steps: number) => largestDifference(found[name].slice(0, steps), expected);
    return { name, 1: at(1), 10: at(10), 50: at(50), last: [found[name][49], expected[49]] };
  });
  writeFileSync(`/tmp/recipe17/curves-${model.replaceAll(' ', '-')}.json`, JSON.stringify(rows));
  console.log(model, rows);
  expect(Object.keys(found)).toEqual(Object.keys(curves));
});
