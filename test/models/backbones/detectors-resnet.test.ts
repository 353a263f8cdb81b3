// DetectoRS_ResNet: a pyramid taken back in, and filters standardised from ordinary ones.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import { startEngine } from '../../../src/engine';
import { backbones, type DetectoRSResNet } from '../../../src/models/backbones';
import { necks } from '../../../src/models/necks';
import type { Backbone, Neck } from '../../../src/models/types';
import type { Module } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { checkModule, expectClose } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

const registry = new Registry(backbones);
const build = (config: ModuleConfig) => registry.build('backbone', config, { path: 'model.backbone' }) as Backbone;

test('DetectoRS_ResNet takes a pyramid back in', () => {
  checkModule('backbone_detectors_recursive', (config) => {
    const model = build(config) as DetectoRSResNet;
    return Object.assign(model as Module, {
      forward: ([image, ...pyramid]: tf.Tensor4D[]) => model.rfpForward(image, pyramid),
    });
  });
});

test('the RFP neck runs DetectoRS_ResNet again', () => {
  const small = { depth: 50, base_channels: 4, num_stages: 2, strides: [1, 2], dilations: [1, 1], out_indices: [0, 1] };
  const common = { type: 'DetectoRS_ResNet', ...small, conv_cfg: { type: 'ConvAWS' } };
  const body = build({ ...common, output_img: true });
  const rfp_backbone = { ...common, rfp_inplanes: 32 };
  const config = { type: 'RFP', out_channels: 8, num_outs: 3, rfp_steps: 2, aspp_out_channels: 8, rfp_backbone };
  const all = new Registry([...backbones, ...necks]);
  const neck = all.build('neck', config, { path: 'model.neck', inputs: body.outputs }) as Neck;
  for (const part of [body, neck]) part.initWeights(Random.seeded(1));
  const shapes = tf.tidy(() => neck.forward(body.forward(tf.ones([1, 64, 64, 3]))).map((y) => y.shape));
  expect(shapes).toEqual([16, 8, 4].map((side) => [1, side, side, 8]));
  for (const part of [body, neck]) part.dispose();
});

test('ConvAWS goes on from ordinary filters', () => {
  const small = { type: 'DetectoRS_ResNet', depth: 50, base_channels: 2, num_stages: 1, out_indices: [0] };
  const plain = build(small);
  plain.initWeights(Random.seeded(3));
  const standardized = build({ ...small, conv_cfg: { type: 'ConvAWS' } });
  expect(standardized.loadStateDict(plain.stateDict()).missing).toEqual([]);
  tf.tidy(() => {
    const x = tf.randomNormal<tf.Rank.R4>([1, 32, 32, 3], 0, 1, 'float32', 1);
    const [a, b] = [plain, standardized].map((model) => model.forward(x)[0].dataSync<'float32'>());
    expectClose(b, a, 1e-5);
  });
  for (const model of [plain, standardized]) model.dispose();
});
