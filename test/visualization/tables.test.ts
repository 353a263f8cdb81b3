import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { apTable } from '../../src/visualization/ap-table';
import { comparisonTable } from '../../src/visualization/comparison';
import { Display, JUPYTER_DISPLAY } from '../../src/visualization/display';
import { progressBundle, progressText } from '../../src/visualization/progress';
import { summaryTable } from '../../src/visualization/summary-table';
import { type Table, tablesBundle, tableText } from '../../src/visualization/table';

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

test('progress is a line and a bar', () => {
  const state = { label: 'epoch 3/12', done: 60, total: 120, eta: 190, details: ['loss 0.53'] };
  expect(progressText(state, 4)).toBe('epoch 3/12  ━━──  60/120  ETA 0:03:10  loss 0.53');
  expect(progressBundle(state)['text/html']).toContain('width:50.0%');
});

test('a display shows its bundle in a notebook and its text in a script', () => {
  const display = new Display({ 'text/html': '<b>1</b>', 'text/plain': 'one' });
  expect(display[JUPYTER_DISPLAY]()).toEqual({ 'text/html': '<b>1</b>', 'text/plain': 'one' });
  expect((display as never)[Symbol.for('Jupyter.display')]).toBeTypeOf('function');
  expect(inspect(display)).toBe('one');
  expect(`${display}`).toBe('one');
});
