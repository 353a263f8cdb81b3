// RefCocoDataset and RefSegMetric against MMDetection's (generate/ref_seg.py).

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Registry } from '../../src/catalogue/registry';
import { DATASETS } from '../../src/data/datasets/list';
import type { Dataset } from '../../src/data/types';
import { METRICS } from '../../src/evaluation';
import { type Segmentation, segmentationToRle } from '../../src/masks';
import { greyImages } from '../data/datasets/cases';
import { goldenJson } from '../golden-data';

const golden = goldenJson<{
  instances: { images: { file_name: string }[] };
  refs: string;
  cases: Record<string, { id: number; file: string; text: string[]; masks: Segmentation[] }[]>;
  predicted: { id: number; masks: Segmentation[] }[];
  results: Record<string, number>;
}>('ref_seg');
const root = mkdtempSync(path.join(tmpdir(), 'detlab-ref-seg-'));
afterAll(() => rmSync(root, { recursive: true }));
beforeAll(async () => {
  writeFileSync(path.join(root, 'instances.json'), JSON.stringify(golden.instances));
  writeFileSync(path.join(root, 'refs.p'), Buffer.from(golden.refs, 'base64'));
  await greyImages(root, Object.fromEntries(golden.instances.images.map(({ file_name }) => [file_name, [32, 24]])));
});

const load = (options: object): Promise<Dataset> => {
  const files = { ann_file: 'instances.json', split_file: 'refs.p', data_prefix: { img_path: '' } };
  const config = { type: 'RefCocoDataset', data_root: root, split: 'val', ...files, ...options };
  return new Registry(DATASETS).build('dataset', config, { path: 'dataset' }).load();
};

test.each(Object.entries(golden.cases))('expressions: %s', async (text_mode, expected) => {
  const { records, problems } = await load({ text_mode });
  expect(problems).toEqual([]);
  const read = records.map(({ id, path: file, prompt, segmentations }) => ({
    ...{ id, file: path.basename(file), text: prompt!.text, masks: segmentations },
  }));
  expect(read.sort((a, b) => a.id - b.id)).toEqual(expected);
  for (const { truths } of records) expect([...truths.labels]).toEqual([...truths.labels.keys()]);
});

test('a random expression is one of its object, the same in every run', async () => {
  const { records } = await load({ text_mode: 'random' });
  const again = await load({ text_mode: 'random' });
  for (const [i, { id, prompt }] of records.entries()) {
    const all = golden.cases.original.find((one) => one.id === id)!.text;
    for (const text of prompt!.text) expect(all).toContain(text);
    expect(again.records[i].prompt!.text).toEqual(prompt!.text);
  }
});

test('overlaps are those of the best mask of each expression', async () => {
  const dataset = await load({ text_mode: 'original' });
  const build = () =>
    new Registry(METRICS).build('metric', { type: 'RefSegMetric' }, { path: 'val_evaluator' })(dataset);
  const metric = await build();
  for (const { id, masks } of golden.predicted) {
    const rles = masks.map((mask) => segmentationToRle(mask, 24, 32));
    // beside each a worse one of another mask
    const found = [...rles, ...rles.toReversed()];
    const labels = [...rles.keys(), ...rles.keys()];
    const scores = found.map((_, i) => (i < rles.length ? 0.9 : 0.1));
    metric.add(id, { bboxes: new Float32Array(4 * found.length), scores, labels, masks: found });
  }
  const { metrics, logged } = metric.compute();
  for (const [name, value] of Object.entries(golden.results)) {
    expect(logged![name]).toBeCloseTo(value, 4);
    expect(metrics[name]).toBeCloseTo(value / 100, 6);
  }
  const empty = await build();
  empty.add(41, { bboxes: [], scores: [], labels: [], masks: [] });
  expect(empty.compute().metrics).toEqual({ cIoU: 0, mIoU: 0 });
  expect(() => empty.add(41, { bboxes: [], scores: [], labels: [] })).toThrow(/expected a detector with masks/);
});

test('an unknown split is refused', async () => {
  await expect(load({ split: 'vall' })).rejects.toThrow(/split "vall" .*Did you mean "val"\? Known: train, val/);
});
