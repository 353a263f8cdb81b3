// Runs of several seeds as one column: means and standard deviations, beside those of one run.

import { expect, test } from 'vitest';
import { contestantOf, contestantsOf } from '../../src/lab/contestants';
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

test('time and energy until the AP that all runs have reached; without counters, why there is no energy', () => {
  const timed = (values: number[], pace: number, energy: object) =>
    ({
      ...run(values.at(-1)),
      curves: {
        data: {
          unit: 'epoch',
          steps: [],
          evaluations: values.map((AP, i) => ({
            at: i + 1,
            metrics: { AP },
            seconds: pace * (i + 1),
            ...('joules' in energy && { joules: 1000 * pace * (i + 1) }),
          })),
        },
      },
      energy,
    }) as unknown as Run;
  const counted = { joules: 1, source: 'RAPL' };
  const text = tableText(
    comparisonTable(
      contestantsOf({
        A: [timed([0.2, 0.5], 10, counted)],
        B: [timed([0.3, 0.4], 4, counted), timed([0.45], 6, counted)],
      }),
    ),
  );
  expect(text).toMatch(/^time to AP 0\.400 +20\.0 s +7\.00 s \*$/m);
  expect(text).toMatch(/^energy to AP 0\.400 +20\.0 kJ +7\.00 kJ \*$/m);
  expect(text).not.toContain('not known');
  const without = { unreadable: 'there is no RAPL' };
  const other = tableText(
    comparisonTable(contestantsOf({ A: [timed([0.2, 0.5], 200, without)], B: [timed([0.3], 400, without)] })),
  );
  expect(other).toMatch(/^time to AP 0\.300 +0:06:40 \* +0:06:40 \*$/m);
  expect(other).not.toMatch(/^energy/m);
  expect(other).toContain('energy is not known: there is no RAPL');
});
