// Assignment against MMDetection's (assigners.safetensors), and what samplers choose from it.

import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { readSafetensors } from '../../../src/checkpoints/safetensors';
import {
  type AnchorGenerator,
  type AssignResult,
  type Instances,
  type MaxIoUAssigner,
  type Sampler,
  taskModules,
  toInstances,
} from '../../../src/models/task-modules';
import { Random } from '../../../src/random';

const { tensors } = readSafetensors(path.join(__dirname, '../../golden/assigners.safetensors'));
const floats = (name: string) => tensors.get(name)!.data as Float32Array;
const ints = (name: string) => [...tensors.get(name)!.data];
const registry = new Registry(taskModules);
const assigner = (options: Record<string, unknown>) =>
  registry.build<MaxIoUAssigner>('assigner', { type: 'MaxIoUAssigner', ...options }, { path: 'assigner' });
const sampler = (options: Record<string, unknown>) =>
  registry.build<Sampler>('sampler', { type: 'RandomSampler', ...options }, { path: 'sampler' });
const none = new Float32Array(0);
const truths: Instances = { bboxes: floats('gts'), labels: Int32Array.from(ints('labels')), ignored: none };
const random = () => Random.seeded(3);

const RPN = { pos_iou_thr: 0.7, neg_iou_thr: 0.3, min_pos_iou: 0.3, match_low_quality: true, ignore_iof_thr: -1 };
const RCNN = { pos_iou_thr: 0.5, neg_iou_thr: 0.5, min_pos_iou: 0.5, match_low_quality: false, ignore_iof_thr: -1 };

describe.each([
  ['rpn', RPN, false],
  ['rcnn', RCNN, false],
  ['retina_ign', { pos_iou_thr: 0.5, neg_iou_thr: 0.4, min_pos_iou: 0, ignore_iof_thr: 0.5 }, true],
  ['gtmax1', { ...RPN, neg_iou_thr: [0.1, 0.3], gt_max_assign_all: false }, false],
])('%s', (name, options, ignore) => {
  test('is the reference', () => {
    const result = assigner(options).assign(
      floats('priors'),
      ignore ? { ...truths, ignored: floats('ignore') } : truths,
      random(),
    );
    expect([...result.assigned]).toEqual(ints(`${name}.gt_inds`));
    expect([...result.labels]).toEqual(ints(`${name}.labels`));
    for (const [i, v] of floats(`${name}.max_overlaps`).entries()) expect(result.maxOverlaps[i]).toBeCloseTo(v, 6);
  });
});

test('without truths everything is background', () => {
  const empty = { bboxes: none, labels: new Int32Array(0), ignored: floats('ignore') };
  const result = assigner({ ...RPN, ignore_iof_thr: 0.5 }).assign(floats('priors'), empty, random());
  expect([...result.assigned]).toEqual(ints('nogt.gt_inds'));
});

test('repeated truths are moved apart by a seeded draw, and nothing else is', () => {
  const twice = {
    bboxes: new Float32Array([10, 10, 50, 50, 10, 10, 50, 50]),
    labels: new Int32Array([0, 1]),
    ignored: none,
  };
  const priors = new Float32Array([10, 10, 50, 50, 10.3, 10.2, 50.2, 50.3]);
  const moving = assigner({ ...RCNN, perm_repeat_gt_cfg: { iou_thr: 0.9, perm_range: 0.01 } });
  const first = moving.assign(priors, twice, random());
  expect(moving.assign(priors, twice, random())).toEqual(first);
  expect(first.maxOverlaps[0]).toBeGreaterThan(0.9);
  expect(first.maxOverlaps[0]).toBeLessThan(1);
  expect(assigner(RCNN).assign(priors, twice, random()).maxOverlaps[0]).toBe(1);
});

test('assigns 270,000 anchors, those of a whole image', () => {
  const r = Random.seeded(1);
  const generator = registry.build<AnchorGenerator>(
    'anchor_generator',
    { type: 'AnchorGenerator', scales: [8], ratios: [0.5, 1, 2], strides: [4, 8, 16, 32, 64] },
    { path: 'anchors' },
  );
  const levels = generator.gridPriors([4, 8, 16, 32, 64].map((s) => [Math.ceil(800 / s), Math.ceil(1344 / s)]));
  const priors = Float32Array.from(levels.flatMap((level) => [...level]));
  const bboxes = new Float32Array(80);
  for (let i = 0; i < 80; i += 4) {
    const [x, y] = [r.uniform(0, 1200), r.uniform(0, 700)];
    bboxes.set([x, y, x + r.uniform(10, 400), y + r.uniform(10, 300)], i);
  }
  const many = { bboxes, labels: new Int32Array(20), ignored: none };
  const a = assigner(RPN);
  expect(priors.length / 4).toBeGreaterThan(265_000);
  const { assigned, maxOverlaps } = a.assign(priors, many, r);
  expect(assigned.length).toBe(priors.length / 4);
  // a truth has at least its best prior, and what is assigned overlaps
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
  const boxes = {
    bboxes: new Float32Array([3, 5, 30, 40, 200, 100, 225, 131, 305, 308, 322, 331]),
    labels: new Int32Array([7, 8, 9]),
    ignored: new Float32Array([250, 50, 300, 120]),
  };
  const a = assigner({ ...RPN, pos_iou_thr: 0.5, ignore_iof_thr: 0.5 });
  const [straight, mixed] = [a.assign(grid, boxes, r), a.assign(shuffled, boxes, r)];
  order.forEach((from, to) => {
    expect(mixed.assigned[to]).toBe(straight.assigned[from]);
    expect(mixed.maxOverlaps[to]).toBe(straight.maxOverlaps[from]);
  });
  expect(new Set(straight.assigned)).toEqual(new Set([-1, 0, 1, 2, 3]));
});

test('a truth that overlaps nothing takes every prior when min_pos_iou is 0, as in the reference', () => {
  const far = { bboxes: new Float32Array([900, 900, 950, 950]), labels: new Int32Array([2]), ignored: none };
  const result = assigner({ pos_iou_thr: 0.5, neg_iou_thr: 0.4 }).assign(floats('priors'), far, random());
  expect(result.assigned.every((v) => v === 1)).toBe(true);
  const strict = assigner({ pos_iou_thr: 0.5, neg_iou_thr: 0.4, min_pos_iou: 0.1 });
  expect(strict.assign(floats('priors'), far, random()).assigned.every((v) => v === 0)).toBe(true);
});

describe('RandomSampler', () => {
  const assigned = (): AssignResult => assigner(RPN).assign(floats('priors'), truths, random());

  test('takes at most its share of positives and fills up with negatives', () => {
    const all = assigned();
    const result = sampler({ num: 8, pos_fraction: 0.25, add_gt_as_proposals: false }).sample(
      all,
      floats('priors'),
      truths,
      random(),
    );
    expect(result.positive).toHaveLength(2);
    expect(result.negative).toHaveLength(6);
    expect(result.avgFactor).toBe(8);
    for (const i of result.positive) expect(all.assigned[i]).toBeGreaterThan(0);
    for (const i of result.negative) expect(all.assigned[i]).toBe(0);
    expect([...result.negative]).toEqual([...result.negative].sort((a, b) => a - b));
    result.positive.forEach((i, k) => {
      const truth = all.assigned[i] - 1;
      expect(result.positiveTruth[k]).toBe(truth);
      expect(result.positiveLabels[k]).toBe(truths.labels[truth]);
      expect([...result.positiveBoxes.subarray(4 * k, 4 * k + 4)]).toEqual([
        ...truths.bboxes.subarray(4 * truth, 4 * truth + 4),
      ]);
    });
  });

  test('the truths join as their own positives, first', () => {
    const result = sampler({ num: 1e6, pos_fraction: 1 }).sample(assigned(), floats('priors'), truths, random());
    expect([...result.positive.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([...result.positiveTruth.subarray(0, 6)]).toEqual([0, 1, 2, 3, 4, 5]);
    expect(result.priors.length).toBe(4 * 66);
    expect([...result.priors.subarray(0, 24)]).toEqual([...truths.bboxes]);
  });

  test('neg_pos_ub bounds the negatives, counting at least one positive', () => {
    const empty = { bboxes: none, labels: new Int32Array(0), ignored: none };
    const all = assigner(RPN).assign(floats('priors'), empty, random());
    const result = sampler({ num: 50, pos_fraction: 0.5, neg_pos_ub: 3 }).sample(
      all,
      floats('priors'),
      empty,
      random(),
    );
    expect(result.negative).toHaveLength(3);
    expect(result.avgFactor).toBe(4);
  });

  test('one seed, one choice', () => {
    const s = sampler({ num: 10, pos_fraction: 0.5 });
    const draw = (seed: number) => s.sample(assigned(), floats('priors'), truths, Random.seeded(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1).negative).not.toEqual(draw(2).negative);
  });
});

test('PseudoSampler takes all that is not ignored and counts positives only', () => {
  const all = assigner(RPN).assign(floats('priors'), truths, random());
  const result = registry
    .build<Sampler>('sampler', { type: 'PseudoSampler' }, { path: 'sampler' })
    .sample(all, floats('priors'), truths, random());
  expect(result.positive.length + result.negative.length).toBe([...all.assigned].filter((a) => a >= 0).length);
  expect(result.avgFactor).toBe(result.positive.length);
});

test('ignored truths become regions, and an RPN sees one class', () => {
  const { bboxes, labels, ignored } = toInstances(
    {
      bboxes: new Float32Array([0, 0, 1, 1, 2, 2, 3, 3]),
      labels: new Int32Array([4, 5]),
      ignored: new Uint8Array([1, 0]),
    },
    true,
  );
  expect([...bboxes]).toEqual([2, 2, 3, 3]);
  expect([...labels]).toEqual([0]);
  expect([...ignored]).toEqual([0, 0, 1, 1]);
});

describe("Libra R-CNN's samplers", () => {
  const build = (options: ModuleConfig) => registry.build<Sampler>('sampler', options, { path: 'sampler' });
  const empty = new Float32Array(0);
  /** Priors without boxes: `truth` of each (0: background) and its overlap. */
  const given = (rows: [number, number][]): AssignResult => ({
    numTruths: 3,
    assigned: Int32Array.from(rows, ([truth]) => truth),
    maxOverlaps: Float32Array.from(rows, ([, overlap]) => overlap),
    labels: Int32Array.from(rows, ([truth]) => truth - 1),
  });
  const instances = { bboxes: new Float32Array(12), labels: Int32Array.of(0, 1, 2), ignored: empty };
  const run = (options: ModuleConfig, assigned: AssignResult, seed = 1) =>
    build({ add_gt_as_proposals: false, ...options }).sample(
      assigned,
      new Float32Array(4 * assigned.assigned.length),
      instances,
      Random.seeded(seed),
    );
  const count = (list: ArrayLike<number>, holds: (i: number) => boolean) => Array.from(list).filter(holds).length;

  test('InstanceBalancedPosSampler gives every truth its share', () => {
    // 60, 30 and 2 positives; 12 wanted: round(12 / 3) + 1 = 5 for each, 2 of the last, so 12 in all
    const assigned = given(Array.from({ length: 92 }, (_, i) => [i < 60 ? 1 : i < 90 ? 2 : 3, 0.7]));
    const options = { type: 'InstanceBalancedPosSampler', num: 24, pos_fraction: 0.5 };
    const { positive } = run(options, assigned);
    expect([1, 2, 3].map((t) => count(positive, (i) => assigned.assigned[i] === t))).toEqual([5, 5, 2]);
    expect([...positive]).toEqual([...new Set(positive)].sort((a, b) => a - b));
    // when the shares are more than is wanted, chance decides
    const even = given(Array.from({ length: 90 }, (_, i) => [1 + (i % 3), 0.7]));
    expect(run(options, even).positive).toHaveLength(12);
    // and when they are fewer, the rest is drawn from all
    const two = given(Array.from({ length: 40 }, (_, i) => [i < 38 ? 1 : 2, 0.7]));
    const { positive: filled } = run(options, two);
    expect(filled).toHaveLength(12);
    expect(count(filled, (i) => i >= 38)).toBe(2);
    // few enough are all taken
    expect(run(options, given([[1, 0.6]])).positive).toEqual(Int32Array.of(0));
  });

  test('IoUBalancedNegSampler takes as many from every range of overlap', () => {
    // overlaps 0 (100), 0.05 (100), 0.15 (50), 0.25 (4), 0.3 (1): the largest bounds the ranges and lies outside them
    const overlaps = [
      ...Array(100).fill(0),
      ...Array(100).fill(0.05),
      ...Array(50).fill(0.15),
      ...Array(4).fill(0.25),
      0.3,
    ];
    const assigned = given(overlaps.map((v) => [0, v]));
    const options = { type: 'IoUBalancedNegSampler', num: 30, pos_fraction: 0, num_bins: 3 };
    const share = (more: object) => {
      const { negative } = run({ ...options, ...more }, assigned);
      expect(new Set(negative).size).toBe(30);
      return [0, 0.05, 0.15, 0.25, 0.3].map((v) => count(negative, (i) => Math.abs(overlaps[i] - v) < 1e-6));
    };
    const all = share({});
    expect(all[0] + all[1]).toBeGreaterThanOrEqual(10); // the lowest range begins at 0
    expect(all[2]).toBeGreaterThanOrEqual(10);
    expect(all[3]).toBe(4);
    // 12 from above 0.1 (three ranges of 4), 18 from below
    const floor = share({ floor_thr: 0.1, floor_fraction: 0.6 });
    expect(floor[0] + floor[1]).toBe(18);
    expect(floor[3]).toBe(4);
    // with a floor of 0: half of those without overlap, half of the others
    const zero = share({ floor_thr: 0, floor_fraction: 0.5 });
    expect(zero[0]).toBe(15);
    expect(zero[1]).toBeGreaterThanOrEqual(5);
    // one bin is a plain draw
    expect(share({ num_bins: 1, floor_thr: 0 })[0]).toBe(0);
    // fewer candidates than wanted are all taken, whatever their overlap
    expect(run({ ...options, num: 400 }, assigned).negative).toHaveLength(255);
  });

  test('CombinedSampler chooses positives by one and negatives by the other', () => {
    const rows = Array.from({ length: 200 }, (_, i): [number, number] =>
      i < 60 ? [i < 58 ? 1 : 2, 0.7] : [0, i < 190 ? 0 : 0.2],
    );
    const options = {
      type: 'CombinedSampler',
      num: 40,
      pos_fraction: 0.25,
      add_gt_as_proposals: true,
      pos_sampler: { type: 'InstanceBalancedPosSampler' },
      neg_sampler: { type: 'IoUBalancedNegSampler', floor_thr: 0, floor_fraction: 0, num_bins: 3 },
    };
    const { positive, negative, truths } = run(options, given(rows));
    expect(truths).toBe(3);
    expect(positive).toHaveLength(10);
    // truth 2 has itself and two priors, truth 3 itself
    expect(positive.includes(2)).toBe(true);
    expect(count(positive, (i) => i === 1 || i === 61 || i === 62)).toBe(3);
    expect(negative).toHaveLength(30);
    expect(count(negative, (i) => i >= 193)).toBe(10);
    const wrong = { ...options, pos_sampler: { type: 'PseudoSampler' } };
    expect(() => build(wrong)).toThrow(/PseudoSampler/);
  });

  test('OHEMSampler takes the hardest, and needs a head that can tell', () => {
    const assigned = given(Array.from({ length: 50 }, (_, i) => [i < 10 ? 1 + (i % 3) : 0, i < 10 ? 0.7 : 0.1]));
    const options = { type: 'OHEMSampler', num: 8, pos_fraction: 0.5, add_gt_as_proposals: false };
    const priors = Float32Array.from({ length: 200 }, (_, i) => i >> 2);
    const hardness = (boxes: Float32Array, labels: Int32Array) =>
      Float32Array.from(labels, (label, i) => (label < 0 ? -boxes[4 * i] : (boxes[4 * i] * 7) % 10));
    const result = build(options).sample(assigned, priors, instances, random(), hardness);
    // 7 i mod 10 is largest for 7, 4, 1 and 8
    expect([...result.positive]).toEqual([1, 4, 7, 8]);
    expect([...result.negative]).toEqual([10, 11, 12, 13]);
    expect(() => run(options, assigned)).toThrow(/OHEMSampler needs a head on regions/);
  });
});
