// ConvFCBBoxHead: its layers, shared and per branch.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, expect, test } from 'vitest';
import { type ModuleConfig, Registry } from '../../../../src/catalogue/registry';
import { startEngine } from '../../../../src/engine';
import { losses } from '../../../../src/models/losses';
import { type BBoxHead, roiHeads } from '../../../../src/models/roi-heads';
import { taskModules } from '../../../../src/models/task-modules';
import { Random } from '../../../../src/random';
import { weightShapes } from './sampled-targets';

const registry = new Registry([...roiHeads, ...losses, ...taskModules]);
const build = (config: ModuleConfig) => registry.build('bbox_head', config, { path: 'bbox_head' }) as BBoxHead;

beforeAll(async () => void (await startEngine()));

test('shared convolutions and branches', () => {
  const head = build({
    type: 'ConvFCBBoxHead',
    in_channels: 4,
    num_classes: 3,
    num_shared_convs: 1,
    num_cls_convs: 1,
    num_cls_fcs: 1,
    num_reg_convs: 2,
    conv_out_channels: 8,
    fc_out_channels: 16,
    norm_cfg: { type: 'BN' },
  });
  expect(weightShapes(head)).toEqual({
    'fc_cls.weight': [4, 16],
    'fc_reg.weight': [12, 8 * 49],
    'shared_convs.0.conv.weight': [8, 4, 3, 3],
    'shared_convs.0.bn.weight': [8],
    'cls_convs.0.conv.weight': [8, 8, 3, 3],
    'cls_convs.0.bn.weight': [8],
    'cls_fcs.0.weight': [16, 8 * 49],
    'reg_convs.0.conv.weight': [8, 8, 3, 3],
    'reg_convs.0.bn.weight': [8],
    'reg_convs.1.conv.weight': [8, 8, 3, 3],
    'reg_convs.1.bn.weight': [8],
  });
  head.initWeights(Random.seeded(1));
  tf.tidy(() => {
    const { scores, deltas } = head.forward(tf.ones([2, 7, 7, 4]));
    expect([scores!.shape, deltas!.shape]).toEqual([
      [2, 4],
      [2, 12],
    ]);
  });
  head.dispose();
});

test('what cannot be built is refused', () => {
  const plain = { type: 'ConvFCBBoxHead', in_channels: 4, num_classes: 3 };
  expect(() => build(plain)).toThrow(/no layers before its predictions/);
  expect(() => build({ ...plain, num_shared_fcs: 1, num_cls_convs: 1 })).toThrow(/cannot follow num_shared_fcs/);
});
