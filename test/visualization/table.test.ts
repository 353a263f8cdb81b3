// Tables of names that come from data.

import { expect, test } from 'vitest';
import { apTable } from '../../src/visualization/ap-table';
import { comparisonTable } from '../../src/visualization/comparison';
import { progressBundle } from '../../src/visualization/progress';
import { summaryTable } from '../../src/visualization/summary-table';
import { type Table, tablesBundle } from '../../src/visualization/table';

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

test('names from data cannot become markup', () => {
  const contestant = { name: EVIL, report, evaluations: [], parameters: 5 };
  const stage = { path: EVIL, type: EVIL, outputs: [], strides: [], parameters: 0, trainable: 0 };
  const tables: Table[] = [
    apTable(report, EVIL),
    comparisonTable([contestant], EVIL),
    summaryTable([stage], EVIL, EVIL),
  ];
  const progress = progressBundle({ label: EVIL, done: 1, total: 2, details: [EVIL] });
  for (const bundle of [...tables.map((t) => tablesBundle(t)), progress]) {
    expect(bundle['text/html']).not.toMatch(/<img/);
    expect(bundle['text/html']).toContain('&lt;img src=x onerror=alert(1)&gt;');
    expect(String(bundle['text/markdown'] ?? '')).not.toMatch(/<img/);
  }
});
