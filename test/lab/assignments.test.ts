// What heads report of their assignments is what they train on: for every family of heads, on a small image.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabDataset, type Recipe, startEngine } from '../../src';
import { bboxOverlaps } from '../../src/geometry/boxes';
import { slowCases } from '../slow-cases';
import { shrunk } from './shrunk';
import { scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-assign-'));
let data: LabDataset;
let image: number;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
  const counts = data.train.records.map(({ truths }) => truths.labels.length);
  image = counts.indexOf(Math.max(...counts));
});
afterAll(() => rmSync(folder, { recursive: true }));

const r18 = (name: string, by = 6): Recipe => shrunk(name, by, data.classes).backbone({ depth: 18 });

const recipes: [string, () => Recipe][] = [
  ['retinanet_r50_fpn_1x_coco', () => r18('retinanet_r50_fpn_1x_coco')],
  ['fcos_r50-caffe_fpn_gn-head_1x_coco', () => r18('fcos_r50-caffe_fpn_gn-head_1x_coco')],
  ['atss_r50_fpn_1x_coco', () => r18('atss_r50_fpn_1x_coco')],
  ['fsaf_r50_fpn_1x_coco', () => r18('fsaf_r50_fpn_1x_coco')],
  ['yolox_tiny_8xb8-300e_coco', () => shrunk('yolox_tiny_8xb8-300e_coco', 4, data.classes)],
  ['yolov8_n_syncbn_fast_8xb16-500e_coco', () => shrunk('yolov8_n_syncbn_fast_8xb16-500e_coco', 4, data.classes)],
  ['rtmdet_tiny_8xb32-300e_coco', () => shrunk('rtmdet_tiny_8xb32-300e_coco', 4, data.classes)],
  ...slowCases<[string, () => Recipe]>([
    ['gfl_r50_fpn_1x_coco', () => r18('gfl_r50_fpn_1x_coco')],
    ['tood_r50_fpn_1x_coco', () => r18('tood_r50_fpn_1x_coco')],
    ['ssd300_coco', () => shrunk('ssd300_coco', 1, data.classes)],
    ['yolov3_d53_8xb8-320-273e_coco', () => shrunk('yolov3_d53_8xb8-320-273e_coco', 4, data.classes)],
  ]),
];

test.each(recipes)('%s: each prior belongs to one truth and one level', async (name, recipe) => {
  const before = tf.memory().numTensors;
  const { assignments, missed } = await recipe().assignments(data, { image, seed: 1 });
  expect(tf.memory().numTensors).toBe(before);
  expect(assignments).toHaveLength(1);
  const [{ indices, priors, levels, truths, strides, labels, form }] = assignments;
  expect(labels.length).toBeGreaterThan(0);
  expect(indices.length).toBeGreaterThan(0);
  expect(priors).toHaveLength(4 * indices.length);
  expect(new Set(indices).size).toBe(indices.length);
  expect(Math.max(...truths)).toBeLessThan(labels.length);
  expect(Math.max(...(levels ?? []))).toBeLessThan(strides?.length ?? 0);
  if (form === 'points')
    for (const [k, level] of (levels ?? []).entries()) expect(priors[4 * k + 2]).toBe(strides?.[level]);
  expect(missed).toHaveLength(labels.length - new Set(truths).size);
  // FSAF leaves each object to one level
  if (name.startsWith('fsaf'))
    for (const truth of new Set(truths))
      expect(new Set([...truths.keys()].filter((k) => truths[k] === truth).map((k) => levels?.[k])).size).toBe(1);
});

test('a head whose loss is the assignment has none to show', async () => {
  await expect(r18('freeanchor_r50_fpn_1x_coco').assignments(data, { image })).rejects.toThrow(
    /heads assign none, their loss weighs every prior of an object .* such as ATSS/,
  );
});

test('Faster R-CNN: anchors overlap their truth as the assigner asks, proposals too', async () => {
  const shown = await small().classes(data.classes).assignments(data, { image });
  expect(shown.assignments.map(({ source }) => source)).toEqual(['RPNHead', 'RoI head']);
  for (const { priors, truths, boxes, overlaps, form } of shown.assignments) {
    const ious = bboxOverlaps(priors, boxes);
    for (const [k, truth] of truths.entries()) {
      const iou = ious[k * (boxes.length / 4) + truth];
      if (overlaps) expect(iou).toBeCloseTo(overlaps[k], 5);
      // below 0.7 (RPN) only the best of a truth: at least 0.3
      expect(iou).toBeGreaterThanOrEqual(form === 'anchors' ? 0.3 : 0.5);
    }
  }
  const text = String(shown);
  expect(text).toContain('stride 4');
  expect(text).toContain('initial weights');
  await shown.save(join(folder, 'a.png'));
  await shown.save(join(folder, 'a.json'));
});

test('an IoU is in the table where the assigner goes by it, and only there', async () => {
  expect(String(await small().classes(data.classes).assignments(data, { image }))).toContain('best IoU');
  const points = await r18('fcos_r50-caffe_fpn_gn-head_1x_coco').assignments(data, { image });
  expect(String(points)).not.toContain('IoU');
});

test('a trained model assigns with its own weights, and is left as it is', async () => {
  const recipe = shrunk('yolox_tiny_8xb8-300e_coco', 4, data.classes);
  const model = await recipe.build({ seed: 3 });
  const state = model.detector.stateDict();
  // the first evaluation folds norms, and keeps that
  await model.assignments(data, { image });
  const tensors = tf.memory().numTensors;
  const shown = await model.assignments(data, { image });
  expect(tf.memory().numTensors).toBe(tensors);
  expect(String(shown)).not.toContain('initial weights');
  const changed = [...model.detector.stateDict()].filter(
    ([key, { data }]) => data.join() !== state.get(key)?.data.join(),
  );
  expect(changed.map(([key]) => key)).toEqual([]);
  model.dispose();
});

const queries: (readonly [string, readonly string[]])[] = [
  ['detr_deit-tiny_toytown', ['decoder']],
  ['deformable-detr-refine-twostage_r50_16xb2-50e_coco', ['decoder', 'encoder']],
  ...slowCases([['dino-4scale_r50_8xb2-12e_coco', ['decoder', 'encoder']]] as const),
];

test.each(queries)('%s: each truth is matched with one query', async (name, sources) => {
  const shallow = { 'model.encoder.num_layers': 1, 'model.decoder.num_layers': 2, 'model.num_queries': 20 };
  const recipe = name.endsWith('toytown') ? shrunk(name, 1, data.classes) : r18(name, 6).set(shallow);
  const { assignments } = await recipe.assignments(data, { image });
  expect(assignments.map(({ source }) => source)).toEqual(sources);
  for (const { truths, labels, indices, priors } of assignments) {
    expect([...truths].sort((a, b) => a - b)).toEqual([...labels.keys()]);
    expect(new Set(indices).size).toBe(labels.length);
    expect(priors.every(Number.isFinite)).toBe(true);
  }
});
