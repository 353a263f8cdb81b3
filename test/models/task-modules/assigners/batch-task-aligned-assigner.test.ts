// BatchTaskAlignedAssigner against MMYOLO's (prediction_assigners.json).

import { expect, test } from 'vitest';
import { takeBoxes } from '../../../../src/geometry/boxes';
import { expectClose } from '../../../golden-data';
import { buildAssigner, predictionCases, predictionInput } from '../scene';

test.each(predictionCases().batch_task_aligned.map((c) => [JSON.stringify(c.options), c] as const))(
  'equals the reference: %s',
  (_, c) => {
    const given = predictionInput(c.truths);
    const result = buildAssigner({ type: 'BatchTaskAlignedAssigner', ...c.options }).assign(given);
    const { assigned, labels, scores, metrics, maxOverlaps } = result;
    const positive = [...assigned.keys()].filter((i) => assigned[i] > 0);
    expect(positive).toEqual(c.positive);
    expect(positive.map((i) => labels[i])).toEqual(c.labels);
    const boxes = takeBoxes(
      given.instances.bboxes,
      positive.map((i) => assigned[i] - 1),
    );
    expectClose(boxes, c.boxes, 1e-5);
    expectClose(
      positive.map((i) => scores![i]),
      c.scores,
      1e-6,
    );
    // background has neither score, alignment nor overlap
    for (const values of [scores!, metrics!, maxOverlaps])
      expect([...values.keys()].every((i) => assigned[i] > 0 || values[i] === 0)).toBe(true);
  },
);
