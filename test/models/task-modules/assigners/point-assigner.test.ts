// PointAssigner against MMDetection's (task_modules.json).

import { expect, test } from 'vitest';
import { goldenJson } from '../../../golden-data';
import { buildAssigner, input, points, truths } from '../scene';

const reference = goldenJson<{
  point: { options: Record<string, unknown>; truths: number; assigned: number[]; labels: number[] }[];
}>('task_modules').point;

test.each(reference.map((c, i) => [i, c] as const))('equals the reference, case %i', (_, c) => {
  const result = buildAssigner({ type: 'PointAssigner', ...c.options }).assign(
    input({ priors: points(0.5), instances: truths('point.gt', c.truths) }),
  );
  expect([...result.assigned]).toEqual(c.assigned);
  expect([...result.labels]).toEqual(c.labels);
});
