// Recipes side by side, as a chart and as a table.

import { expect, test } from 'vitest';
import { renderPng } from '../../src/visualization/chart';
import { comparisonSpec, comparisonTable } from '../../src/visualization/comparison';
import { tableText } from '../../src/visualization/table';
import { pixels } from './pixels';
import { report } from './report';

const evaluations = [1, 2].map((at) => ({ at, metrics: { AP: at / 10, AP50: at / 5, AP75: -1 } }));

test('a comparison draws while some of its recipes are still to come', async () => {
  const spec = comparisonSpec([
    { name: 'FPN', evaluations, parameters: 1 },
    { name: 'PAFPN', evaluations: [], parameters: 1 },
  ]);
  expect((await pixels(await renderPng(spec))).width).toBeGreaterThan(600);
});

test('a comparison marks the best of each row; what is not known yet is a dash', () => {
  const worse = { ...report, metrics: { AP: 0.4, AP50: 0.9, APl: -1 }, perClass: [] };
  const text = tableText(
    comparisonTable([
      { name: 'FPN', report, evaluations: [], parameters: 28_000_000, secondsPerImage: 0.05 },
      { name: 'PAFPN', report: worse, evaluations: [], parameters: 31_000_000 },
    ]),
  );
  const row = (label: string) =>
    text
      .split('\n')
      .find((l) => l.startsWith(label))!
      .slice(label.length)
      .trim()
      .split(/ {2,}/);
  expect(row('AP ')).toEqual(['0.530 *', '0.400']);
  expect(row('AP50')).toEqual(['0.884', '0.900 *']);
  expect(row('APl')).toEqual(['–', '–']);
  expect(row('AP a|b')).toEqual(['0.100', '–']);
  expect(row('parameters')).toEqual(['28,000,000 *', '31,000,000']);
  expect(row('seconds / image')).toEqual(['0.0500', '–']);
});
