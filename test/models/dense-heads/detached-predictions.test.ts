// What heads pass to their assigners: the offered parts of the predictions when the assigner reads them, and only then.

import * as tf from '@tensorflow/tfjs';
import { afterEach, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { defineModule, type ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';

import type { Assigner, AssignerContract, AssignInput, PredictionPart } from '../../../src/models/task-modules';
import type { DetectionHead } from '../../../src/models/types';
import { Random } from '../../../src/random';
import { boxes, expectClose, sgn } from '../../golden-data';
import { batchOf } from './batch';

const calls: AssignInput[] = [];

/** Assigns nothing, and keeps what it was given. */
const definition = defineModule({
  kind: 'assigner',
  type: 'RecordingAssigner',
  summary: 'Assigns nothing and keeps its input, for tests',
  example: "{ type: 'RecordingAssigner' }",
  options: z.strictObject({
    priors: z.enum(['boxes', 'cells', 'points']),
    predictions: z.array(z.enum(['scores', 'logits', 'boxes'])).optional(),
  }),
  build: (needs): Assigner => ({
    needs: needs as AssignerContract['needs'],
    gives: ['maxOverlaps', 'scores'],
    assign(input) {
      calls.push(input);
      const count = input.priors.length / 4;
      return {
        numTruths: input.instances.labels.length,
        assigned: new Int32Array(count),
        maxOverlaps: new Float32Array(count),
        labels: new Int32Array(count).fill(-1),
        scores: new Float32Array(count),
      };
    },
  }),
});
const registry = createRegistry();
registry.add(definition);

const [height, width] = [96, 128];
const STRIDES = [8, 16, 32];
const inputs = STRIDES.map((stride) => ({ stride, channels: 8 }));
const square = { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 4, scales_per_octave: 1 };

beforeAll(async () => void (await startEngine()));
afterEach(() => void calls.splice(0));

/** Losses of a batch of two images, by name, summed over levels and images. */
function lossesOf(head: ModuleConfig, assigner: ModuleConfig): Record<string, number> {
  const built = registry.build(
    'dense_head',
    { ...head, train_cfg: { assigner } },
    { path: 'bbox_head', inputs, numClasses: 3 },
  ) as DetectionHead;
  const truths = [2, 3].map((n, i) => ({
    bboxes: boxes(`gt${i}`, n, { w: width, h: height }),
    labels: Int32Array.from({ length: n }, (_, k) => k % 3),
    ignored: new Uint8Array(n),
  }));
  const found: Record<string, number> = {};
  tf.tidy(() => {
    const features = STRIDES.map((s, k) =>
      tf.tensor4d(sgn(`feat${k}`, [2, height / s, width / s, 8]), [2, height / s, width / s, 8]),
    );
    built.train();
    built.initWeights(Random.seeded(1));
    const losses = built.loss(features, batchOf(truths), { random: Random.seeded(1), epoch: 7, iteration: 40 });
    for (const [name, terms] of Object.entries(losses))
      found[name] = [terms].flat().reduce((sum, term) => sum + term.dataSync()[0], 0);
  });
  built.dispose();
  return found;
}

/** The input that the first of two images brings the assigner. */
function inputOf(head: ModuleConfig, needs: Record<string, unknown>): AssignInput {
  lossesOf(head, { type: 'RecordingAssigner', ...needs });
  expect(calls).toHaveLength(2);
  return calls[0];
}

const yolov3 = {
  type: 'YOLOV3Head',
  out_channels: [8, 8, 8],
  featmap_strides: STRIDES,
  anchor_generator: { type: 'YOLOAnchorGenerator', strides: STRIDES, base_sizes: STRIDES.map((s) => [[s, s]]) },
};

const anchorHead = { bbox: 'boxes', parts: ['scores', 'logits', 'boxes'] };
test.each<[string, ModuleConfig, { bbox: string; parts: string[] }]>([
  ['RetinaHead', { type: 'RetinaHead', feat_channels: 8 }, anchorHead],
  ['ATSSHead', { type: 'ATSSHead', feat_channels: 32, anchor_generator: square }, anchorHead],
  [
    'GFLHead',
    { type: 'GFLHead', feat_channels: 32, anchor_generator: square, loss_cls: { type: 'QualityFocalLoss' } },
    anchorHead,
  ],
  ['RPNHead', { type: 'RPNHead', feat_channels: 8 }, anchorHead],
  [
    'SSDHead',
    {
      type: 'SSDHead',
      anchor_generator: {
        type: 'SSDAnchorGenerator',
        min_sizes: [20, 40, 80],
        max_sizes: [40, 80, 120],
        strides: STRIDES,
        ratios: [[2], [2], [2]],
      },
    },
    anchorHead,
  ],
  [
    'FSAFHead',
    {
      type: 'FSAFHead',
      feat_channels: 8,
      anchor_generator: square,
      reg_decoded_bbox: true,
      bbox_coder: { type: 'TBLRBBoxCoder' },
      loss_cls: { type: 'FocalLoss', reduction: 'none' },
      loss_bbox: { type: 'IoULoss', reduction: 'none' },
    },
    anchorHead,
  ],
  [
    'YOLOXHead',
    { type: 'YOLOXHead', feat_channels: 8, strides: STRIDES },
    { bbox: 'points', parts: ['scores', 'boxes'] },
  ],
  ['RTMDetHead', { type: 'RTMDetHead', feat_channels: 32 }, { bbox: 'points', parts: ['scores', 'logits', 'boxes'] }],
  ['YOLOV3Head', yolov3, { bbox: 'cells', parts: ['scores', 'boxes'] }],
  [
    'YOLOv8Head',
    { type: 'YOLOv8Head', head_module: { type: 'YOLOv8HeadModule', num_classes: 3, in_channels: [8, 8, 8] } },
    { bbox: 'points', parts: ['scores', 'logits', 'boxes'] },
  ],
])('%s passes what it offers', (type, config, { bbox: priors, parts }) => {
  const given = inputOf(config, { priors, predictions: parts });
  const count = given.priors.length / 4;
  expect(given.levels.reduce((sum, n) => sum + n, 0)).toBe(count);
  expect(given.levels).toHaveLength(3);
  expect(given.imgShape).toEqual([height, width]);
  expect(given.epoch).toBe(7);
  const predictions = given.predictions!;
  expect(predictions.count).toBe(count);
  for (const part of parts as PredictionPart[]) {
    const columns = part === 'boxes' ? 4 : predictions.classes;
    expect(predictions[part]!.length, part).toBe(count * columns);
    expect(predictions[part]!.every(Number.isFinite), part).toBe(true);
  }
  const { scores, logits } = predictions;
  if (!logits) expect(scores!.every((p) => p >= 0 && p <= 1)).toBe(true);
  else if (type === 'SSDHead') expectClose(scores!, softmax(logits, predictions.classes), 1e-5, 'softmax');
  else
    expectClose(
      scores!,
      logits.map((x) => 1 / (1 + Math.exp(-x))),
      1e-5,
      'sigmoid',
    );
});

function softmax(logits: Float32Array, classes: number): Float32Array {
  return logits.map((x, i) => {
    const row = logits.subarray(i - (i % classes), i - (i % classes) + classes);
    return Math.exp(x) / row.reduce((sum, v) => sum + Math.exp(v), 0);
  });
}

test('an assigner on priors alone costs no predictions', () => {
  const given: Partial<AssignInput['predictions']> =
    inputOf({ type: 'RetinaHead', feat_channels: 8 }, { priors: 'boxes' }).predictions ?? {};
  expect([given.scores, given.logits, given.boxes]).toEqual([undefined, undefined, undefined]);
});

test('YOLOV3Head passes the stride of each anchor', () => {
  const given = inputOf(yolov3, { priors: 'cells' });
  expect(given.strides).toHaveLength(given.priors.length / 4);
  expect(new Set(Array.from(given.strides!))).toEqual(new Set(STRIDES));
});

test('the decoded boxes are those of the priors moved by the codes', () => {
  // zero codes leave anchors where they are
  const head = { type: 'RetinaHead', feat_channels: 8, init_cfg: { type: 'Constant', layer: 'Conv2d', val: 0 } };
  const given = inputOf(head, { priors: 'boxes', predictions: ['boxes'] });
  expectClose(given.predictions!.boxes!, given.priors, 1e-3);
  expect(given.predictions!.logits).toBeUndefined();
});

test.each<[string, ModuleConfig]>([
  ['ATSSAssigner with alpha (DDOD)', { type: 'ATSSAssigner', topk: 9, alpha: 0.8 }],
  ['TaskAlignedAssigner', { type: 'TaskAlignedAssigner', topk: 13 }],
  ['HungarianAssigner', { type: 'HungarianAssigner', match_costs: [{ type: 'FocalLossCost' }, { type: 'IoUCost' }] }],
])('heads on anchors train with %s', (_, assigner) => {
  for (const head of [
    { type: 'RetinaHead', feat_channels: 8, reg_decoded_bbox: true, loss_bbox: { type: 'GIoULoss' } },
    { type: 'ATSSHead', feat_channels: 32, anchor_generator: square, loss_bbox: { type: 'GIoULoss' } },
  ]) {
    const { loss_cls, loss_bbox } = lossesOf(head, assigner);
    expect(loss_cls).toBeGreaterThan(0);
    expect(Number.isFinite(loss_cls + loss_bbox)).toBe(true);
    // ATSSHead weights positives by their centerness, which is 0 outside of the ground truth
    if (head.type === 'RetinaHead' || assigner.type !== 'HungarianAssigner') expect(loss_bbox).toBeGreaterThan(0);
  }
});
