// Tables of names that come from data.

import { expect, test } from 'vitest';
import { apTable } from '../../src/visualization/ap-table';
import { comparisonTable } from '../../src/visualization/comparison';
import { progressBundle } from '../../src/visualization/progress';
import { summaryTable } from '../../src/visualization/summary-table';
import { type Table, tablesBundle } from '../../src/visualization/table';
import { EVIL, report } from './report';

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

test('a note of several lines has them in every form', () => {
  const bundle = tablesBundle({ columns: [{ title: 'neck' }], rows: [], note: 'FPN: 1 < 2\nPAFPN: no' });
  expect(bundle['text/html']).toContain('FPN: 1 &lt; 2<br>PAFPN: no</p>');
  expect(bundle['text/markdown']).toMatch(/FPN: 1 .*2 {2}\nPAFPN: no$/);
  expect(bundle['text/plain']).toMatch(/\nFPN: 1 < 2\nPAFPN: no$/);
});

test('headings and long lists may wrap, everything else is one line', () => {
  const rows = [['4, 8, 16, 32, 64', 'out_channels, num_outs, stack_times', 'one two three four five six seven']];
  const columns = ['strides', 'required options', 'text'].map((title) => ({ title }));
  const html = String(tablesBundle({ columns, rows })['text/html']);
  const wraps = [...html.matchAll(/<(t[dh]) [^>]*style="([^"]*)">([^<]*)/g)].map(([, tag, style, text]) => [
    tag,
    text,
    !style.includes('nowrap'),
  ]);
  expect(wraps).toEqual([
    ...columns.map(({ title }) => ['th', title, true]),
    ['td', rows[0][0], false],
    ['td', rows[0][1], true],
    ['td', rows[0][2], false],
  ]);
});
