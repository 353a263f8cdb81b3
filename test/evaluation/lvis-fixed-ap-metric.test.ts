// LVISFixedAPMetric against MMDetection's (generate/long_tail_data.py): so many detections of each class over all images.

import { rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import type { Dataset } from '../../src/data/types';
import { METRICS } from '../../src/evaluation';
import { goldenJson } from '../golden-data';

const golden = goldenJson<{
  fixed_ap: {
    file: { images: { id: number }[] };
    classes: string[];
    detections: { bboxes: number[][]; scores: number[]; labels: number[] }[];
    results: Record<string, Record<string, number>>;
  };
}>('long_tail_data').fixed_ap;

test.each(Object.entries(golden.results))('the best %s of each class', async (topk, expected) => {
  const file = path.join(tmpdir(), `detlab-fixed-ap-${process.pid}.json`);
  writeFileSync(file, JSON.stringify(golden.file));
  const dataset: Dataset = { name: 'lvis', classes: golden.classes, records: [], problems: [] };
  const build = new Registry(METRICS).build(
    'metric',
    { type: 'LVISFixedAPMetric', ann_file: file, topk: Number(topk) },
    { path: 'e' },
  );
  const metric = await build(dataset);
  rmSync(file);
  for (const [i, { id }] of golden.file.images.entries()) {
    const { bboxes, ...rest } = golden.detections[i];
    metric.add(id, { ...rest, bboxes: bboxes.flat() });
  }
  const { metrics, logged } = metric.compute();
  expect(Object.keys(metrics)).toEqual(['AP', 'AP50', 'AP75', 'APs', 'APm', 'APl', 'APr', 'APc', 'APf']);
  for (const [name, value] of Object.entries(expected)) expect(metrics[name], name).toBeCloseTo(value, 9);
  expect(logged!['lvis_fixed_ap/AP']).toBe(metrics.AP);
});
