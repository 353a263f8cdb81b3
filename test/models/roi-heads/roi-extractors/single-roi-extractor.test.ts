// SingleRoIExtractor against MMDetection's (single_roi_extractor.safetensors).

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { roiHeads, type SingleRoIExtractor } from '../../../../src/models/roi-heads';
import { expectClose, golden, maxDifference, nchw, nhwc } from '../../../golden-data';

const registry = new Registry(roiHeads);
const build = (config: ModuleConfig, context: Partial<BuildContext> = {}) =>
  registry.build('roi_extractor', config, { path: 'extractor', ...context }) as SingleRoIExtractor;
const { tensors, metadata } = golden('single_roi_extractor');
const config = JSON.parse(metadata.cfg) as ModuleConfig & { out_channels: number; featmap_strides: number[] };
const rois = tensors.get('rois')!.data as Float32Array;

let features: tf.Tensor4D[];
beforeAll(async () => {
  await startEngine();
  features = [0, 1, 2, 3].map((i) => nhwc(tensors.get(`feat${i}`)!));
});

test('levels and pooled regions', () => {
  const extractor = build(config);
  expect([...extractor.levels(rois)]).toEqual([...tensors.get('levels')!.data]);
  tf.tidy(() => expectClose(nchw(extractor.forward(features, rois)), tensors.get('out')!.data, 2e-5));
});

test('in level order the regions come out the same, in that order', () => {
  const extractor = build(config);
  const order = extractor.order(rois);
  const sorted = Float32Array.from({ length: rois.length }, (_, k) => rois[5 * order[Math.floor(k / 5)] + (k % 5)]);
  const levels = [...extractor.levels(sorted)];
  expect(levels).toEqual([...levels].sort((a, b) => a - b));
  tf.tidy(() => {
    const straight = extractor.forward(features, rois);
    const expected = tf.gather(straight, tf.tensor1d(order, 'int32'));
    expect(maxDifference(extractor.forward(features, sorted).dataSync(), expected.dataSync())).toBe(0);
  });
});

test('gradients reach the level of each region', () => {
  const extractor = build(config);
  const levels = extractor.levels(rois);
  tf.tidy(() => {
    const used = [0, 1, 2, 3].filter((level) => levels.includes(level));
    const pool = (...xs: tf.Tensor[]) => {
      const all = features.map((x, level) => (used.includes(level) ? xs[used.indexOf(level)] : x));
      return tf.sum(extractor.forward(all as tf.Tensor4D[], rois));
    };
    const gradients = tf.grads(pool)(used.map((level) => features[level]));
    // every bin is an average of weights that sum to 1: 7 x 7 bins of 4 channels for each region inside the map
    const total = gradients.reduce((sum, g) => sum + (tf.sum(g).arraySync() as number), 0);
    expect(total).toBeGreaterThan(0.7 * levels.length * 49 * 4);
    expect(total).toBeLessThanOrEqual(levels.length * 49 * 4 * 1.001);
  });
});

test('no regions give an empty result', () => {
  tf.tidy(() => {
    expect(build(config).forward(features, new Float32Array(0)).shape).toEqual([0, 7, 7, 4]);
  });
});

test('channels and strides come from the neck, and must be its', () => {
  const inputs = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 4 }));
  const { out_channels, featmap_strides, ...rest } = config;
  const inferred = build(rest as ModuleConfig, { inputs });
  expect(inferred.numInputs).toBe(4);
  expect(inferred.output).toEqual({ channels: 4, stride: 1, size: [7, 7] });
  expect(() => build({ ...config, featmap_strides: [8, 16] } as ModuleConfig, { inputs })).toThrow(
    /featmap_strides are \[8, 16\], but .* strides \[4, 8, 16, 32, 64\]/,
  );
  expect(() => build({ ...config, out_channels: 8 } as ModuleConfig, { inputs })).toThrow(
    /out_channels is 8, but .* have 4/,
  );
  expect(() => build(rest as ModuleConfig)).toThrow(/out_channels is neither given nor known/);
});
