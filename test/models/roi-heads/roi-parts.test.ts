// GenericRoIExtractor against MMDetection's (roi_parts.safetensors), and what the parts of a RoI head refuse.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BuildContext, Kind, ModuleConfig } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { createRegistry } from '../../../src/models/catalogue';
import type { CascadeRoIHead, GenericRoIExtractor, ResLayer, StandardRoIHead } from '../../../src/models/roi-heads';
import type { BBoxStage } from '../../../src/models/roi-heads/bbox-stage';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, golden, maxDifference, nchw, nhwc, sgn } from '../../golden-data';

const registry = createRegistry();
const build = <T>(kind: Kind, config: object, context: Partial<BuildContext> = {}) =>
  registry.build<T>(kind, config as ModuleConfig, { path: 'part', ...context });
const { tensors, metadata } = golden('roi_parts');
const cases = JSON.parse(metadata.cases) as Record<string, { featmap_strides: number[] }>;
const rois = new Float32Array([0, 3, 4, 30, 25.5, 1, 10, 2, 60, 44, 0, 20.25, 10, 40, 47, 1, 0, 0, 9, 9]);

beforeAll(async () => void (await startEngine()));

describe.each(Object.entries(cases))('GenericRoIExtractor, %s', (name, config) => {
  test('pooled regions and gradients', () => {
    const extractor = build<GenericRoIExtractor>('roi_extractor', { type: 'GenericRoIExtractor', ...config });
    const expected = JSON.parse(metadata[`${name}.params`]) as Record<string, number[]>;
    expect(Object.fromEntries([...extractor.named()].map(([key, p]) => [key, torchShape(p)]))).toEqual(expected);
    expect([...extractor.named()].map(([key]) => key)).toEqual(Object.keys(expected));
    fillByFormula(extractor);
    tf.tidy(() => {
      const features = config.featmap_strides.map((s) => {
        const shape = [2, 4, 48 / s, 64 / s];
        return nhwc({ shape, data: sgn(`feat${s}`, shape) });
      });
      const out = tensors.get(`${name}.out`)!;
      const weights = nhwc({ shape: out.shape, data: sgn('g', out.shape) });
      expectClose(nchw(extractor.forward(features, rois)), out.data, 2e-5);
      const loss = (...xs: tf.Tensor[]) => tf.sum(tf.mul(extractor.forward(xs as tf.Tensor4D[], rois), weights));
      for (const [i, g] of tf.grads(loss)(features).entries()) {
        const wanted = tensors.get(`${name}.grad${i}`)!.data;
        expectClose(nchw(g), wanted, 1e-4 * maxDifference(wanted, new Float32Array(wanted.length)), `gradient ${i}`);
      }
    });
    expect(extractor.forward([], new Float32Array(0)).shape[0]).toBe(0);
    extractor.dispose();
  });
});

const layer = { type: 'RoIAlign', output_size: 7 };
const levels = [4, 8, 16, 32, 64].map((stride) => ({ stride, channels: 8 }));
const extractor = { type: 'SingleRoIExtractor', roi_layer: layer };

test('channels of a generic extractor come from the neck, and must be its', () => {
  const generic = { type: 'GenericRoIExtractor', roi_layer: layer };
  expect(build<GenericRoIExtractor>('roi_extractor', generic, { inputs: levels }).output.channels).toBe(8);
  const concat = { ...generic, aggregation: 'concat' };
  expect(build<GenericRoIExtractor>('roi_extractor', concat, { inputs: levels }).output.channels).toBe(32);
  expect(() => build('roi_extractor', { ...generic, out_channels: 16 }, { inputs: levels })).toThrow(
    /out_channels is 16, but .*"sum".* \[8, 8, 8, 8\] channels give 8/,
  );
  expect(() => build('roi_extractor', { ...generic, featmap_strides: [8] }, { inputs: levels })).toThrow(/\[8\], but/);
});

test('a shared head reads what the extractor pools', () => {
  const inputs = [{ stride: 16, channels: 8 }];
  const shared_head = { type: 'ResLayer', depth: 18 };
  const head = { type: 'StandardRoIHead', bbox_roi_extractor: extractor, bbox_head: { type: 'BBoxHead' }, shared_head };
  expect(() => build<StandardRoIHead>('roi_head', head, { inputs, numClasses: 2 })).toThrow(
    /stage 3 of depth 18 reads 256 channels, but RoIs are pooled with 8/,
  );
  const layer = build<ResLayer>('shared_head', { type: 'ResLayer', depth: 18, stage: 1 });
  expect(layer.output).toEqual({ channels: 128, stride: 1, size: [7, 7] });
  layer.dispose();
});

test('a cascade has one of everything for each stage', () => {
  const config = {
    type: 'CascadeRoIHead',
    num_stages: 2,
    stage_loss_weights: [1, 0.5],
    bbox_roi_extractor: extractor,
    bbox_head: { type: 'Shared2FCBBoxHead', fc_out_channels: 4 },
  };
  const head = build<CascadeRoIHead>('roi_head', config, { inputs: levels, numClasses: 3 });
  expect([...head.named()].map(([name]) => name)).toContain('bbox_head.1.fc_cls.weight');
  expect(head.numClasses).toBe(3);
  head.dispose();
  const stages = (more: object) => () => build('roi_head', { ...config, ...more }, { inputs: levels, numClasses: 3 });
  expect(stages({ stage_loss_weights: [1] })).toThrow(/stage_loss_weights for each of 2 stages.* received 1/);
  expect(stages({ bbox_head: [config.bbox_head] })).toThrow(/bbox_head for each of 2 stages/);
  expect(stages({ shared_head: { type: 'ResLayer', depth: 50 } })).toThrow(/no shared_head/);
});

test('many regions are predicted in parts, to the same scores and deltas in the same order', () => {
  const inputs = [4, 8].map((stride) => ({ stride, channels: 3 }));
  const head = build<StandardRoIHead>(
    'roi_head',
    {
      type: 'StandardRoIHead',
      bbox_roi_extractor: { type: 'SingleRoIExtractor', roi_layer: { type: 'RoIAlign', output_size: 3 } },
      bbox_head: { type: 'Shared2FCBBoxHead', fc_out_channels: 8 },
    },
    { inputs, numClasses: 2 },
  );
  head.initWeights(Random.seeded(1));
  const { stage } = head as unknown as { stage: BBoxStage };
  const boxesOf = (rois: Float32Array) => rois.filter((_, k) => k % 5 > 0);
  const random = Random.seeded(2);
  const count = 1100; // two whole parts and a rest
  const many = Float32Array.from({ length: 5 * count }, (_, i) => {
    const side = i % 5 > 2 ? random.uniform(4, 200) : 0;
    return i % 5 === 0 ? 0 : random.uniform(0, 60) + side;
  });
  const features = inputs.map(({ stride }, i) =>
    tf.randomNormal<tf.Rank.R4>([1, 256 / stride, 256 / stride, 3], 0, 1, 'float32', i + 1),
  );
  const before = tf.memory().numTensors;
  const { scores, deltas } = stage.predict(features, { boxes: [boxesOf(many)] });
  expect(tf.memory().numTensors).toBe(before);
  expect([scores.length, deltas!.length]).toEqual([count * 3, count * 8]);
  for (const k of [0, 511, 512, 700, 1023, 1024, 1099])
    tf.tidy(() => {
      const alone = stage.head.forward(stage.pooler.forward(features, many.slice(5 * k, 5 * k + 5)));
      expectClose(scores.slice(3 * k, 3 * k + 3), alone.scores!.dataSync<'float32'>(), 1e-5);
      expectClose(deltas!.slice(8 * k, 8 * k + 8), alone.deltas!.dataSync<'float32'>(), 1e-5);
    });
  expect(stage.predict(features, { boxes: [new Float32Array(0)] }).scores).toHaveLength(0);
  tf.dispose(features);
  head.dispose();
});
