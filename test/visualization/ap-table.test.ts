// The table of AP, in every form.

import { expect, test } from 'vitest';
import { apTable } from '../../src/visualization/ap-table';
import { tablesBundle, tableText } from '../../src/visualization/table';

const EVIL = '<img src=x onerror=alert(1)>';
const metrics = { AP: 0.5304, AP50: 0.884, APl: -1 };
const report = {
  metrics,
  perClass: [
    { class: EVIL, truths: 1200, metrics },
    { class: 'a|b', truths: 3, metrics: { AP: 0.1, AP50: 0.2, APl: 0 } },
  ],
  images: 73,
  truths: 1203,
  detections: 4000,
  problems: [{ message: `${EVIL} is missing` }],
};

test('an AP table has one row for all and one for each class, in every form', () => {
  expect(tableText(apTable(report))).toBe(
    [
      'Average precision and recall',
      'class                         truths     AP   AP50    APl',
      '----------------------------  ------  -----  -----  -----',
      'all                            1,203  0.530  0.884      –',
      '<img src=x onerror=alert(1)>   1,200  0.530  0.884      –',
      'a|b                                3  0.100  0.200  0.000',
      '73 images, 4,000 detections, 1 problem, first: <img src=x onerror=alert(1)> is missing',
    ].join('\n'),
  );
  const bundle = tablesBundle(apTable(report));
  expect(bundle['text/markdown']).toContain('| a\\|b | 3 | 0.100 | 0.200 | 0.000 |');
  expect(String(bundle['text/markdown']).split('\n')[3]).toBe('| --- | ---: | ---: | ---: | ---: |');
});
