// The AP table: one row for all classes and one per class; columns are the 12 COCO metrics, or those of another metric.

import { withRelativePaths } from '../paths';
import type { Table } from './table';

/** The numbers of an evaluation's report that the table shows. */
export interface ReportNumbers {
  /** 0 to 1 by name; -1 where undefined. */
  metrics: Record<string, number>;
  perClass: readonly { class: string; truths: number; metrics: Record<string, number> }[];
  images: number;
  truths: number;
  detections: number;
  problems: readonly { message: string }[];
}

/** `0.530`; a dash where undefined. */
export const metricText = (value: number | undefined): string =>
  value === undefined || value < 0 || Number.isNaN(value) ? '–' : value.toFixed(3);

export const counted = (n: number, noun: string): string => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;

export function apTable(report: ReportNumbers, title = 'Average precision and recall'): Table {
  const names = Object.keys(report.metrics);
  const { images, truths, detections, problems } = report;
  const first = problems.length > 0 ? `, first: ${withRelativePaths(problems[0].message)}` : '';
  return {
    title,
    columns: [
      { title: 'class' },
      { title: 'truths', align: 'right' },
      ...names.map((name) => ({ title: name, align: 'right' as const })),
    ],
    rows: [
      ['all', truths.toLocaleString('en'), ...names.map((name) => metricText(report.metrics[name]))],
      ...report.perClass.map((row) => [
        row.class,
        row.truths.toLocaleString('en'),
        ...names.map((name) => metricText(row.metrics[name])),
      ]),
    ],
    strong: [0],
    note: `${counted(images, 'image')}, ${counted(detections, 'detection')}, ${counted(problems.length, 'problem')}${first}`,
  };
}
