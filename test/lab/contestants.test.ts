// Runs of several seeds as one column: means and standard deviations, beside those of one run.

import { expect, test } from 'vitest';
import { contestantOf } from '../../src/lab/contestants';
import type { Run } from '../../src/lab/run';
import { comparisonTable } from '../../src/visualization/comparison';
import { tableText } from '../../src/visualization/table';

const run = (ap: number | undefined) =>
  ({
    model: { parameters: 10 },
    curves: { data: { unit: 'epoch', steps: [], evaluations: [{ at: 1, metrics: { AP: ap ?? 0 } }] } },
    report:
      ap === undefined
        ? undefined
        : {
            metrics: { AP: ap, APs: -1 },
            perClass: [{ class: 'car', truths: 3, metrics: { AP: ap / 2 } }],
            images: 1,
            truths: 3,
            detections: 5,
            problems: [],
            secondsPerImage: 0.1,
          },
  }) as unknown as Run;

test('mean and deviation by metric and class', () => {
  const many = contestantOf('FPN', [run(0.4), run(0.6), run(undefined)]);
  expect(many.report).toMatchObject({ metrics: { AP: 0.5, APs: -1 }, perClass: [{ metrics: { AP: 0.25 } }] });
  expect(many.spread).toMatchObject({ runs: 2, metrics: { AP: expect.closeTo(Math.SQRT2 / 10, 12) } });
  expect(many.repeats).toHaveLength(2);
  const text = tableText(comparisonTable([many, contestantOf('PAFPN', [run(0.3)])]));
  expect(text).toMatch(/^AP +0\.500 ± 0\.141 \* +0\.300$/m);
  expect(text).toMatch(/^APs +– +–$/m);
  expect(text).toMatch(/^AP car +0\.250 ± 0\.071 \* +0\.150$/m);
  expect(text).toContain('mean ± standard deviation of the runs of each, one per seed');
});

test('one run has no spread, none no report', () => {
  expect(contestantOf('FPN', [run(0.4)]).spread).toBeUndefined();
  expect(contestantOf('FPN', [run(undefined), run(undefined)]).report).toBeUndefined();
});
