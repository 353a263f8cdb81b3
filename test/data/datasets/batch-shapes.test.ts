// Evaluation images in batches of one shape.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { withBatchShapes } from '../../../src/data/datasets/batch-shapes';
import type { Dataset } from '../../../src/data/types';
import { stripedImages } from '../striped-images';

let folder: string;

let dataset: Dataset;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'detlab-mixing-'));
  dataset = await stripedImages(folder, 12, [2, 3, 14, 17, 10, 2, 22, 22], (i) => [i, i]);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

it('sort evaluation images by their shape', () => {
  const policy = { type: 'BatchShapePolicy', batch_size: 4, img_size: 64, size_divisor: 16, extra_pad_ratio: 0.5 };
  const sorted = withBatchShapes(dataset.records, policy);
  expect(sorted.map(({ width }) => width).slice(-4)).toEqual([24, 24, 24, 24]);
  expect(sorted.slice(0, 8).every(({ batchShape }) => batchShape!.join() === '64,80')).toBe(true);
  expect(sorted.slice(8).every(({ batchShape }) => batchShape!.join() === '80,64')).toBe(true);
});
