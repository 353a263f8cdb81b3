// CenterRegionAssigner against MMDetection's (task_modules.json).

import { expect, test } from 'vitest';
import { goldenJson } from '../../../golden-data';
import { anchors, buildAssigner, input, sceneBoxes, truths } from '../scene';

const reference = goldenJson<{
  center_region: {
    options: Record<string, unknown>;
    size: number;
    truths: number;
    ignored: number;
    assigned: number[];
    labels: number[];
    shadows: [number, number][];
  }[];
}>('task_modules').center_region;

test.each(reference.map((c, i) => [i, c] as const))('equals the reference, case %i', (_, c) => {
  const result = buildAssigner({ type: 'CenterRegionAssigner', ...c.options }).assign(
    input({ priors: anchors(c.size), instances: truths('cr.gt', c.truths, sceneBoxes('cr.ignored', c.ignored)) }),
  );
  expect([...result.assigned]).toEqual(c.assigned);
  expect([...result.labels]).toEqual(c.labels);
  const ignored = result.ignoredLabels ?? new Int32Array(0);
  const pairs = Array.from({ length: ignored.length / 2 }, (__, k) => [ignored[2 * k], ignored[2 * k + 1]]);
  expect(pairs.sort(([a, b], [x, y]) => a - x || b - y)).toEqual(c.shadows);
});
