// MaxIoUAssigner against MMDetection's (assigners.safetensors).

import { describe, expect, test } from 'vitest';
import type { AnchorGenerator, Instances } from '../../../../src/models/task-modules';
import { Random } from '../../../../src/random';
import { golden } from '../../../golden-data';
import { buildAssigner, empty, input, registry } from '../scene';

const { tensors } = golden('assigners');
const floats = (name: string) => tensors.get(name)!.data as Float32Array;
const ints = (name: string) => [...tensors.get(name)!.data];
const truths: Instances = { bboxes: floats('gts'), labels: Int32Array.from(ints('labels')), ignored: empty };
const assign = (options: object, priors: Float32Array, instances: Instances, random = Random.seeded(3)) =>
  buildAssigner({ type: 'MaxIoUAssigner', ...options }).assign(input({ priors, instances, random }));

const RPN = { pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3, match_low_quality: true, ignore_iof_thr: -1 };
const RCNN = { pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0.5, match_low_quality: false, ignore_iof_thr: -1 };

describe.each([
  ['rpn', RPN, false],
  ['rcnn', RCNN, false],
  ['retina_ign', { pos_iou_thr: 0.5, neg_iou_thr: 0.4, min_pos_iou: 0, ignore_iof_thr: 0.5 }, true],
  ['gtmax1', { ...RPN, neg_iou_thr: [0.1, 0.3], gt_max_assign_all: false }, false],
])('%s', (name, options, ignore) => {
  test('equals the reference', () => {
    const result = assign(options, floats('priors'), ignore ? { ...truths, ignored: floats('ignore') } : truths);
    expect([...result.assigned]).toEqual(ints(`${name}.gt_inds`));
    expect([...result.labels]).toEqual(ints(`${name}.labels`));
    for (const [i, v] of floats(`${name}.max_overlaps`).entries()) expect(result.maxOverlaps[i]).toBeCloseTo(v, 6);
  });
});

test('without ground truth everything is background', () => {
  const none = { bboxes: empty, labels: new Int32Array(0), ignored: floats('ignore') };
  const result = assign({ ...RPN, ignore_iof_thr: 0.5 }, floats('priors'), none);
  expect([...result.assigned]).toEqual(ints('nogt.gt_inds'));
});

test('repeated boxes are moved apart by a seeded draw, and nothing else is', () => {
  const twice = {
    bboxes: new Float32Array([10, 10, 50, 50, 10, 10, 50, 50]),
    labels: new Int32Array([0, 1]),
    ignored: empty,
  };
  const priors = new Float32Array([10, 10, 50, 50, 10.3, 10.2, 50.2, 50.3]);
  const moving = { ...RCNN, perm_repeat_gt_cfg: { iou_thr: 0.9, perm_range: 0.01 } };
  const first = assign(moving, priors, twice);
  expect(assign(moving, priors, twice)).toEqual(first);
  expect(first.maxOverlaps[0]).toBeGreaterThan(0.9);
  expect(first.maxOverlaps[0]).toBeLessThan(1);
  expect(assign(RCNN, priors, twice).maxOverlaps[0]).toBe(1);
});

test('assigns 270,000 anchors, those of a whole image', () => {
  const r = Random.seeded(1);
  const generator = registry.build(
    'anchor_generator',
    { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
    { path: 'anchors' },
  ) as AnchorGenerator;
  const levels = generator.gridPriors([4, 8, 16, 32, 64].map((s) => [Math.ceil(800 / s), Math.ceil(1344 / s)]));
  const priors = Float32Array.from(levels.flatMap((level) => [...level]));
  const bboxes = new Float32Array(80);
  for (let i = 0; i < 80; i += 4) {
    const [x, y] = [r.uniform(0, 1200), r.uniform(0, 700)];
    bboxes.set([x, y, x + r.uniform(10, 400), y + r.uniform(10, 300)], i);
  }
  const many = { bboxes, labels: new Int32Array(20), ignored: empty };
  expect(priors.length / 4).toBeGreaterThan(265_000);
  const { assigned, maxOverlaps } = assign(RPN, priors, many, r);
  expect(assigned.length).toBe(priors.length / 4);
  // a ground truth has at least its best prior, and what is assigned overlaps
  expect(new Set(assigned.filter((truth) => truth > 0)).size).toBe(20);
  expect(assigned.every((truth, i) => truth <= 0 || maxOverlaps[i] >= 0.3)).toBe(true);
  expect(assigned.every((truth, i) => truth !== 0 || maxOverlaps[i] < 0.3)).toBe(true);
});

test('skipping far priors changes nothing', () => {
  // the same priors in grid order and shuffled (blocks of shuffled priors cover everything)
  const r = Random.seeded(5);
  const grid = Float32Array.from({ length: 4 * 3000 }, (_, i) => {
    const [x, y] = [((i >> 2) % 60) * 8, Math.floor((i >> 2) / 60) * 8];
    return [x, y, x + 20, y + 28][i & 3];
  });
  const order = r.permutation(3000);
  const shuffled = Float32Array.from({ length: grid.length }, (_, i) => grid[4 * order[i >> 2] + (i & 3)]);
  const three = {
    bboxes: new Float32Array([3, 5, 30, 40, 200, 100, 225, 131, 305, 308, 322, 331]),
    labels: new Int32Array([7, 8, 9]),
    ignored: new Float32Array([250, 50, 300, 120]),
  };
  const options = { ...RPN, pos_iou_thr: 0.5, ignore_iof_thr: 0.5 };
  const [straight, mixed] = [assign(options, grid, three), assign(options, shuffled, three)];
  order.forEach((from, to) => {
    expect(mixed.assigned[to]).toBe(straight.assigned[from]);
    expect(mixed.maxOverlaps[to]).toBe(straight.maxOverlaps[from]);
  });
  expect(new Set(straight.assigned)).toEqual(new Set([-1, 0, 1, 2, 3]));
});

test('a box that overlaps nothing takes every prior when min_pos_iou is 0, as in the reference', () => {
  const far = { bboxes: new Float32Array([900, 900, 950, 950]), labels: new Int32Array([2]), ignored: empty };
  const loose = { pos_iou_thr: 0.5, neg_iou_thr: 0.4 };
  expect(assign(loose, floats('priors'), far).assigned.every((v) => v === 1)).toBe(true);
  const strict = assign({ ...loose, min_pos_iou: 0.1 }, floats('priors'), far);
  expect(strict.assigned.every((v) => v === 0)).toBe(true);
});

test('a ground-truth box that is NaN is an error', () => {
  const bboxes = truths.bboxes.map((v, i) => (i === 5 ? Number.NaN : v));
  expect(() => assign({ ...RPN, min_pos_iou: 0 }, floats('priors'), { ...truths, bboxes })).toThrow(/box 1 \[.*NaN/);
});
