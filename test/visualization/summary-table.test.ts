// The table of a model's parts.

import { expect, test } from 'vitest';
import { summaryTable } from '../../src/visualization/summary-table';
import { tableText } from '../../src/visualization/table';

test('a summary sums top-level stages and says what trains', () => {
  const text = tableText(
    summaryTable(
      [
        {
          path: 'backbone',
          type: 'ResNet',
          outputs: [
            [80, 60, 64],
            [40, 30, 128],
          ],
          strides: [4, 8],
          parameters: 1_500_000,
          trainable: 500_000,
        },
        { path: 'backbone.layer1', type: '', outputs: [], strides: [4], parameters: 1_000_000, trainable: 0 },
        { path: 'neck', type: 'FPN', outputs: [], strides: [], parameters: 2_000, trainable: 2_000 },
      ],
      'model',
    ),
  );
  expect(text).toContain('backbone   ResNet  80×60×64, 40×30×128');
  expect(text).toMatch(/backbone .*1\.50 M {2}500\.0 k trained/);
  expect(text).toMatch(/ {2}\.layer1 .*1\.00 M {2}frozen/);
  expect(text).toMatch(/total .*1\.50 M {2}502\.0 k trained/);
});
