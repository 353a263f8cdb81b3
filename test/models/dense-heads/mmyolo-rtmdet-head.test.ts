// What lies in the padding of an image smaller than its batch is negative to MMYOLO's head, and left out by MMDetection's.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { startEngine } from '../../../src';
import { noiseSample } from '../../../src/data/noise-sample';
import { buildDetector } from '../../../src/models/build';
import { Random } from '../../../src/random';

beforeAll(() => startEngine());

const strides = [8, 16, 32];
const layers = { num_classes: 2, in_channels: 8, feat_channels: 8, stacked_convs: 1 };
const train = { assigner: { type: 'DynamicSoftLabelAssigner', topk: 3 } };
const detector = (type: string, bbox_head: object) => ({
  type,
  backbone: { type: 'CSPNeXt', deepen_factor: 0.1, widen_factor: 0.0625 },
  neck: { type: 'CSPNeXtPAFPN', in_channels: [16, 32, 64], out_channels: 8, num_csp_blocks: 1 },
  bbox_head,
  train_cfg: train,
});

test.each([
  ['mmyolo.RTMDetHead', { head_module: { type: 'RTMDetSepBNHeadModule', ...layers, featmap_strides: strides } }, true],
  ['RTMDetSepBNHead', layers, false],
])('%s', (type, options, same) => {
  const isOurs = type.startsWith('mmyolo.');
  const points = { type: 'MlvlPointGenerator', offset: 0, strides };
  const head = isOurs ? { prior_generator: points } : { anchor_generator: points };
  const model = buildDetector(detector(isOurs ? 'YOLODetector' : 'RTMDet', { type, ...options, ...head }) as never);
  model.initWeights(Random.seeded(0));
  model.train(true);
  const samples = [96, 48].map((height, i) => noiseSample(i, { width: 96, height, boxes: 3, classes: 2 }));
  const batch = model.preprocess(samples);
  expect(batch.padShapes?.[1]).toEqual([48, 96]);
  const lossOf = (padShapes: typeof batch.padShapes) => {
    const context = { random: Random.seeded(1), epoch: 0, iteration: 0 };
    return tf.tidy(() => (model.loss({ ...batch, padShapes }, context).loss_cls as tf.Scalar).dataSync()[0]);
  };
  const [part, whole] = [lossOf(batch.padShapes), lossOf(undefined)];
  expect(whole).toBeGreaterThan(0);
  expect(whole === part).toBe(same);
  model.dispose();
});
