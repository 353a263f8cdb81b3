// The table of AP, in every form.

import { expect, test } from 'vitest';
import { apTable } from '../../src/visualization/ap-table';
import { tablesBundle, tableText } from '../../src/visualization/table';
import { report } from './report';

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
