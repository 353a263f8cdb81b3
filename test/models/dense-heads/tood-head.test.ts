// What TOODHead starts from, what it refuses, and its targets of task alignment on a case computed by hand.

import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import { alignmentTargets, sumOrOne } from '../../../src/models/dense-heads/alignment-targets';
import { batchTargets } from '../../../src/models/dense-heads/batch-targets';
import type { ImageTargets } from '../../../src/models/dense-heads/image-targets';
import { Random } from '../../../src/random';
import { expectClose, goldenJson } from '../../golden-data';
import { buildHead, SQUARE_ANCHORS } from './build-head';

beforeAll(async () => void (await startEngine()));

const starts =
  goldenJson<Record<string, { cfg: ModuleConfig; values: Record<string, [mean: number, std: number, max: number]> }>>(
    'tood_init',
  );

test.each(Object.entries(starts))('%s: every parameter starts as the reference does', (_, { cfg, values }) => {
  const head = createRegistry().build('dense_head', cfg, { path: 'bbox_head' });
  head.initWeights(Random.seeded(7));
  const state = head.stateDict();
  head.dispose();
  expect([...state.keys()]).toEqual(Object.keys(values));
  for (const [name, [mean, std]] of Object.entries(values)) {
    const data = Float64Array.from(state.get(name)!.data);
    if (std === 0) {
      // four digits are written
      for (const value of new Set(data)) expect(Math.abs(value - mean), `${name}: ${value}`).toBeLessThan(5e-4);
      continue;
    }
    const count = data.length;
    const average = data.reduce((sum, v) => sum + v, 0) / count;
    const spread = Math.sqrt(data.reduce((sum, v) => sum + (v - average) ** 2, 0) / count);
    // five standard errors of the difference of two samples
    expect(Math.abs(average - mean), `mean of ${name}`).toBeLessThan((5 * Math.SQRT2 * std) / Math.sqrt(count));
    expect(Math.abs(spread / std - 1), `deviation of ${name}`).toBeLessThan(5 / Math.sqrt(count) + 1e-3);
  }
});

test('without a norm the stack has biases, which start at zero', () => {
  const head = createRegistry().build('dense_head', { ...starts.tood_dcn.cfg, norm_cfg: null }, { path: 'bbox_head' });
  head.initWeights(Random.seeded(7));
  const state = head.stateDict();
  head.dispose();
  for (const i of [0, 1, 2]) expect(new Set(state.get(`inter_convs.${i}.conv.bias`)!.data)).toEqual(new Set([0]));
});

describe('refusals', () => {
  const tood = {
    type: 'TOODHead',
    anchor_generator: SQUARE_ANCHORS,
    loss_cls: { type: 'QualityFocalLoss', activated: true },
  };
  const initial = { initial_epoch: 1, initial_assigner: { type: 'ATSSAssigner', topk: 9 } };
  const aligned = { type: 'TaskAlignedAssigner', topk: 13 };

  test('the config that the others vary is accepted', () => {
    const head = buildHead({ ...tood, feat_channels: 32, train_cfg: { ...initial, assigner: aligned } });
    head.dispose();
  });

  test.each<[string, object, RegExp]>([
    [
      'a loss of logits after the initial epochs',
      { loss_cls: { type: 'QualityFocalLoss' } },
      /loss_cls.*must have activated: true, the head predicts probabilities/s,
    ],
    [
      'a loss of logits in the initial epochs',
      { initial_loss_cls: { type: 'FocalLoss', activated: false } },
      /initial_loss_cls.*must have activated: true, the head predicts probabilities/s,
    ],
    [
      'a loss without soft targets',
      { loss_cls: { type: 'FocalLoss', activated: true } },
      /FocalLoss at bbox_head\.loss_cls: expected a loss whose targets are labels and the quality of boxes/,
    ],
    [
      'two anchors per cell',
      { anchor_generator: { ...SQUARE_ANCHORS, ratios: [1, 2] } },
      /TOODHead at bbox_head: expected 1 anchor per cell, received 2/,
    ],
    [
      'an assigner without metrics',
      { train_cfg: { ...initial, assigner: { type: 'ATSSAssigner', topk: 9 } } },
      /TOODHead reads metrics of the assignment, ATSSAssigner gives maxOverlaps.*TaskAlignedAssigner/s,
    ],
    [
      'an initial assigner on points',
      { train_cfg: { ...initial, initial_assigner: { type: 'PointAssigner' }, assigner: aligned } },
      /PointAssigner in TOODHead at bbox_head\.train_cfg\.initial_assigner: PointAssigner needs .*, TOODHead has/,
    ],
    [
      'an initialisation',
      { init_cfg: { type: 'Normal', layer: 'Conv2d', std: 0.01 } },
      /init_cfg.*cannot be given: this head initialises its layers itself/s,
    ],
    ['coded boxes', { reg_decoded_bbox: false }, /reg_decoded_bbox/],
  ])('%s', (_, change, message) => {
    expect(() => buildHead({ ...tood, feat_channels: 32, ...change })).toThrow(message);
  });
});

describe('targets', () => {
  const image = (positive: number[], truths: number[], overlaps: number[], metrics: number[]): ImageTargets => ({
    positive: Int32Array.from(positive),
    negative: Int32Array.from([0, 1, 2, 3, 4].filter((row) => !positive.includes(row))),
    labels: Int32Array.from(truths, (g) => g),
    boxes: new Float32Array(4 * positive.length),
    truths: Int32Array.from(truths),
    numTruths: 2,
    overlaps: Float32Array.from(overlaps),
    metrics: Float32Array.from(metrics),
    avgFactor: positive.length,
  });
  const images = [
    // of the first truth the positive of the best metric is not the one of the largest IoU
    image([1, 3, 4], [0, 1, 0], [0.5, 0.6, 0.8], [0.2, 0.1, 0.05]),
    image([], [], [], []),
    image([0], [1], [0.9], [0]),
  ];
  const targets = batchTargets(images, { total: 5, numClasses: 3, positiveWeight: 1 });

  test('the best metric of a truth becomes the largest IoU of its positives', () => {
    const { metrics, qualities } = alignmentTargets(targets, false);
    expectClose(metrics, [0.8, 0.6, 0.2, 0], 1e-5);
    expectClose(qualities, [0, 0.8, 0, 0.6, 0.2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 1e-5);
    expect(sumOrOne(metrics)).toBeCloseTo(1.6, 5);
  });

  test('in the initial epochs they are 1', () => {
    const { metrics, qualities } = alignmentTargets(targets, true);
    expect([...metrics]).toEqual([1, 1, 1, 1]);
    expect([...qualities]).toEqual([0, 1, 0, 1, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect([sumOrOne(metrics), sumOrOne(new Float32Array(0)), sumOrOne(Float32Array.of(0.25))]).toEqual([4, 1, 1]);
  });
});
