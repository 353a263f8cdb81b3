// DynamicSoftLabelAssigner against MMDetection's (prediction_assigners.json).

import { expect, test } from 'vitest';
import { expectClose } from '../../../golden-data';
import { buildAssigner, predictionCases, predictionInput } from '../scene';

test.each(predictionCases().dynamic_soft_label.map((c) => [JSON.stringify(c.options), c] as const))(
  'equals the reference: %s',
  (_, c) => {
    const result = buildAssigner({ type: 'DynamicSoftLabelAssigner', ...c.options }).assign(predictionInput(c.truths));
    expect([...result.assigned]).toEqual(c.assigned);
    expect([...result.labels]).toEqual(c.labels);
    expectClose(result.maxOverlaps, c.overlaps, 1e-6);
  },
);
