// Random and hostile sets: DetLab beside pycocotools, faster-coco-eval, hotcoco, lvis-api and MMDetection's metrics.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type Comparison, compareWithReferences } from './reference-comparison';
import type { ReferenceSet } from './reference-sets';

const sets = JSON.parse(readFileSync(path.join(__dirname, '../golden/metrics.json'), 'utf8')) as ReferenceSet[];

it('every metric is its reference on 40 sets, or differs for a reason that the reference itself shows', async () => {
  const all: Comparison[] = [];
  for (const set of sets) all.push(...(await compareWithReferences(set)));
  expect(all.filter(({ result }) => result === 'different')).toEqual([]);
  const equal = new Map<string, number>();
  for (const { reference, result } of all)
    if (result === 'equal') equal.set(reference, (equal.get(reference) ?? 0) + 1);
  const whole = ['eval_map, 11 points', 'eval_map, area', 'eval_map, scales', 'eval_recalls', 'OpenImagesMetric'];
  for (const reference of whole) expect([reference, equal.get(reference)]).toEqual([reference, sets.length]);
  // without ties, NaN scores, NaN boxes and ids of 0, nothing needs a reason
  const plain = all.filter(({ kind }) => ['plain', 'ties', 'duplicates', 'borders', 'masks'].includes(kind));
  const reasons = plain.filter(({ result }) => result !== 'equal' && !result.startsWith('detections are kept'));
  expect(reasons).toEqual([]);
});
