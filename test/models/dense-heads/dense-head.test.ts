// The pipeline of all dense heads: what it requires, and what it does where nothing is to be learnt.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { startEngine } from '../../../src/engine';
import type { DetectionHead } from '../../../src/models/types';
import { Random } from '../../../src/random';
import { sgn } from '../../golden-data';
import { batchOf, IMAGE_SIZE, noTruths, tidy } from './batch';
import { buildHead } from './build-head';

beforeAll(async () => void (await startEngine()));

const context = { random: Random.seeded(1), epoch: 0, iteration: 0 };
const features = () =>
  [8, 16, 32].map((stride) => {
    const shape: [number, number, number, number] = [2, IMAGE_SIZE[0] / stride, IMAGE_SIZE[1] / stride, 16];
    return tf.tensor4d(sgn(`feat${stride}`, shape), shape);
  });

test('without train_cfg or test_cfg a head says what is missing', () => {
  const head = buildHead({ type: 'RetinaHead' });
  const batch = batchOf([noTruths(), noTruths()]);
  expect(() => tidy(() => head.loss(features(), batch, context))).toThrow(
    /Cannot compute the losses of RetinaHead: it was built without train_cfg/,
  );
  expect(() => tidy(() => head.predict(features(), batch, { rescale: false }))).toThrow(
    /Cannot predict with RetinaHead: it was built without test_cfg/,
  );
  head.dispose();
});

test('losses that a head cannot use are refused when it is built', () => {
  expect(() => buildHead({ type: 'RetinaHead', loss_cls: { type: 'L1Loss' } })).toThrow(
    /Cannot use L1Loss at bbox_head.loss_cls: expected a classification loss/,
  );
  for (const type of ['GFLHead', 'RTMDetHead'])
    expect(() =>
      buildHead({ type, feat_channels: 32, ...(type === 'GFLHead' && { anchor_generator: square }) }),
    ).toThrow(
      /Cannot use FocalLoss at bbox_head.loss_cls: expected a loss whose targets are labels and the quality of boxes/,
    );
});
const square = { type: 'AnchorGenerator', ratios: [1], octave_base_scale: 4, scales_per_octave: 1 };

describe('a batch without ground truth whose predicted sizes overflow', () => {
  const assigner = (type: string) => ({ train_cfg: { assigner: { type } } });
  const loss_cls = { type: 'QualityFocalLoss' };
  const heads: [string, Record<string, unknown>, RegExp][] = [
    [
      'FCOSHead',
      {
        feat_channels: 32,
        strides: [8, 16, 32],
        regress_ranges: [
          [-1, 32],
          [32, 64],
          [64, 1e8],
        ],
      },
      /conv_reg\.bias$/,
    ],
    ['RTMDetHead', { feat_channels: 32, loss_cls, ...assigner('DynamicSoftLabelAssigner') }, /rtm_reg\.bias$/],
    ['RTMDetSepBNHead', { exp_on_reg: true, loss_cls, ...assigner('DynamicSoftLabelAssigner') }, /rtm_reg\.\d\.bias$/],
    [
      'YOLOXHead',
      { loss_cls: { type: 'CrossEntropyLoss', use_sigmoid: true, reduction: 'sum' }, ...assigner('SimOTAAssigner') },
      /conv_reg\.\d\.bias$/,
    ],
  ];

  test.each(heads)('%s has finite losses and gradients', (type, config, bias) => {
    const head = buildHead({ type, ...config });
    head.initWeights(Random.seeded(1));
    const sizes = [...head.named()].filter(([name]) => bias.test(name));
    expect(sizes.length).toBeGreaterThan(0);
    // e^200 is infinite in float32
    tf.tidy(() => sizes.forEach(([, p]) => void p.variable.assign(tf.fill(p.variable.shape, 200))));
    head.train();
    const { losses, gradients } = lossesOf(head);
    for (const [name, value] of losses) expect(Number.isFinite(value), `${name}: ${value}`).toBe(true);
    expect(losses.get('loss_bbox')).toBe(0);
    for (const [name, values] of gradients) expect(values.every(Number.isFinite), name).toBe(true);
    // zero, not none: weight decay and momentum go on
    for (const [name] of sizes) expect([...new Set(gradients.get(name))], name).toEqual([0]);
    head.dispose();
  });

  function lossesOf(head: DetectionHead) {
    return tidy(() => {
      const losses = new Map<string, number>();
      const variables = head.trainable().map(([, p]) => p.variable);
      const { grads } = tf.variableGrads(() => {
        const computed = Object.entries(head.loss(features(), batchOf([noTruths(), noTruths()]), context));
        for (const [name, loss] of computed) losses.set(name, (loss as tf.Scalar).dataSync()[0]);
        return tf.addN(computed.map(([, loss]) => loss as tf.Scalar)) as tf.Scalar;
      }, variables);
      const gradients = new Map(head.trainable().map(([name, p]) => [name, grads[p.variable.name].dataSync()]));
      return { losses, gradients };
    });
  }
});
