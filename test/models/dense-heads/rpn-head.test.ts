// RPNHead against MMDetection's (head_rpn.safetensors): predictions, proposals, losses and gradients.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import { type BuildContext, type ModuleConfig, Registry } from '../../../src/catalogue/registry';
import type { Truths } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { denseHeads, type RPNHead } from '../../../src/models/dense-heads';
import { losses } from '../../../src/models/losses';
import { taskModules } from '../../../src/models/task-modules';
import type { DetBatch } from '../../../src/models/types';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, golden, maxDifference, nchw, nhwc } from '../../golden-data';
import { IMAGE_SIZE, batchOf as imageBatch, noTruths, tidy } from './batch';

const registry = new Registry([...denseHeads, ...losses, ...taskModules]);
const build = (config: ModuleConfig, context: Partial<BuildContext> = {}) =>
  registry.build('dense_head', config, { path: 'rpn_head', ...context }) as RPNHead;

const { tensors, metadata } = golden('head_rpn');
const config = JSON.parse(metadata.cfg) as ModuleConfig & { anchor_generator: object; train_cfg: object };
const [height, width] = IMAGE_SIZE;
const scaled = { scaleFactor: [2, 0.5] as [number, number] };
const none = noTruths();
const batchOf = (truths: Truths[], imgShape = IMAGE_SIZE) => imageBatch(truths, IMAGE_SIZE, { ...scaled, imgShape });

const truths = [0, 1].map((i): Truths => {
  const labels = tensors.get(`gt${i}.labels`)!.data as Int32Array;
  return { bboxes: tensors.get(`gt${i}.bboxes`)!.data as Float32Array, labels, ignored: new Uint8Array(labels.length) };
});

let head: RPNHead;
let features: tf.Tensor4D[];
beforeAll(async () => {
  await startEngine();
  head = build(config);
  fillByFormula(head);
  features = [0, 1, 2].map((i) => nhwc(tensors.get(`feat${i}`)!));
});

test('parameters have the reference names, shapes and order', () => {
  const found = [...head.named()].map(([name, p]) => [name, torchShape(p)]);
  expect(found).toEqual(Object.entries(JSON.parse(metadata.params)));
});

test('scores and deltas', () => {
  tf.tidy(() => {
    const { scores, deltas } = head.forward(features);
    for (let level = 0; level < 3; level++) {
      expectClose(nchw(scores[level]), tensors.get(`fwd0.l${level}`)!.data, 2e-5, `scores ${level}`);
      expectClose(nchw(deltas[level]), tensors.get(`fwd1.l${level}`)!.data, 2e-5, `deltas ${level}`);
    }
  });
});

test('proposals', () => {
  const batch = batchOf([none, none]);
  const proposals = tidy(() => head.predict(features, batch));
  for (const i of [0, 1]) {
    expectClose(proposals[i].scores, tensors.get(`img${i}.scores`)!.data, 1e-5, `scores of image ${i}`);
    expectClose(proposals[i].bboxes, tensors.get(`img${i}.bboxes`)!.data, 1e-3, `boxes of image ${i}`);
  }
  const rescaled = tidy(() => head.predict(features, batch, { rescale: true }));
  expect(rescaled[0].bboxes[0]).toBeCloseTo(proposals[0].bboxes[0] / 2, 4);
  expect(rescaled[0].bboxes[1]).toBeCloseTo(proposals[0].bboxes[1] * 2, 4);
});

describe('training', () => {
  const total = (l: Record<string, tf.Scalar | tf.Scalar[]>) =>
    tf.add(l.loss_rpn_cls as tf.Scalar, l.loss_rpn_bbox as tf.Scalar) as tf.Scalar;
  const run = (module: RPNHead, batch: DetBatch) => {
    const { value, grads } = tf.variableGrads(() =>
      total(module.loss(features, batch, { random: Random.seeded(1), epoch: 0, iteration: 0 })),
    );
    return { value, grads };
  };

  test('losses and gradients', () => {
    const expected = JSON.parse(metadata.losses);
    const sum = (values: number[]) => values.reduce((a, b) => a + b, 0);
    tf.tidy(() => {
      const batch = batchOf(truths);
      const found = head.loss(features, batch, { random: Random.seeded(1), epoch: 0, iteration: 0 }) as Record<
        string,
        tf.Scalar
      >;
      expect(found.loss_rpn_cls.arraySync()).toBeCloseTo(sum(expected.loss_rpn_cls), 5);
      expect(found.loss_rpn_bbox.arraySync()).toBeCloseTo(sum(expected.loss_rpn_bbox), 7);
      const { grads } = run(head, batch);
      for (const [name, p] of head.named()) {
        const size = tf.sum(tf.abs(grads[p.variable.name])).arraySync() as number;
        expect(size / expected._grad_abs_sum[name], name).toBeCloseTo(1, 4);
      }
    });
  });

  test('an image without ground truth has negatives only, and the box layer keeps a zero gradient', () => {
    tf.tidy(() => {
      const { value, grads } = run(head, batchOf([none, none]));
      expect(value.arraySync()).toBeGreaterThan(0);
      const reg = [...head.named()].find(([name]) => name === 'rpn_reg.weight')![1];
      expect(tf.max(tf.abs(grads[reg.variable.name])).arraySync()).toBe(0);
    });
  });

  test('losses that count by level take sampled anchors as they take all', () => {
    const counting = (sampler: object) => {
      const module = build({
        ...config,
        loss_cls: { type: 'GHMC', bins: 10, momentum: 0 },
        loss_bbox: { type: 'GHMR', mu: 0.02, bins: 10 },
        train_cfg: { ...config.train_cfg, sampler },
      });
      module.loadStateDict(head.stateDict());
      const values = tf.tidy(() => {
        const found = module.loss(features, batchOf(truths), { random: Random.seeded(1), epoch: 0, iteration: 0 });
        return Object.values(found).map((byLevel) => (byLevel as tf.Scalar[]).map((one) => one.arraySync()));
      });
      module.dispose();
      return values;
    };
    const all = counting({ type: 'PseudoSampler' });
    expect(all.map((byLevel) => byLevel.length)).toEqual([3, 3]);
    const sampler = { type: 'RandomSampler', num: 1e6, pos_fraction: 1, add_gt_as_proposals: false };
    for (const [k, byLevel] of counting(sampler).entries()) expectClose(byLevel, all[k], 1e-6, `loss ${k}`);
  });

  test('loss and proposals in one pass are those of two', () => {
    const batch = batchOf(truths);
    tf.tidy(() => {
      const both = head.lossAndPredict(features, batch, { random: Random.seeded(1), epoch: 0, iteration: 0 });
      const alone = head.loss(features, batch, { random: Random.seeded(1), epoch: 0, iteration: 0 });
      expect((both.losses.loss_rpn_cls as tf.Scalar).arraySync()).toBe((alone.loss_rpn_cls as tf.Scalar).arraySync());
      expect(both.proposals).toEqual(head.predict(features, batch));
    });
  });

  test('anchors that extend beyond the image or lie on the padding of the batch are not used', () => {
    const strict = build({ ...config, train_cfg: { ...config.train_cfg, allowed_border: 0 } });
    fillByFormula(strict);
    const loss = (module: RPNHead, batch: DetBatch) =>
      tf.tidy(() =>
        total(module.loss(features, batch, { random: Random.seeded(1), epoch: 0, iteration: 0 })).arraySync(),
      );
    const whole = batchOf(truths);
    expect(loss(strict, whole)).not.toBeCloseTo(loss(head, whole), 4);
    expect(
      loss(head, {
        ...whole,
        padShapes: [
          [height, width],
          [64, 64],
        ],
      }),
    ).not.toBeCloseTo(loss(head, whole), 4);
    expect(() => loss(strict, batchOf(truths, [8, 8]))).toThrow(
      /Cannot train on "0.jpg": no anchor lies inside.* 8 x 8/,
    );
    strict.dispose();
  });

  test('a positive weight, decoded boxes and softmax scores train too', () => {
    const variants = [
      { train_cfg: { ...config.train_cfg, pos_weight: 3 } },
      { reg_decoded_bbox: true },
      { loss_cls: { type: 'CrossEntropyLoss' } },
      { num_convs: 2 },
    ];
    const base = tf.tidy(() =>
      total(head.loss(features, batchOf(truths), { random: Random.seeded(1), epoch: 0, iteration: 0 })).arraySync(),
    );
    for (const change of variants) {
      const module = build({ ...config, ...change });
      fillByFormula(module);
      tf.tidy(() => {
        const { value, grads } = run(module, batchOf(truths));
        expect(Number.isFinite(value.arraySync())).toBe(true);
        expect(value.arraySync()).not.toBeCloseTo(base, 4);
        for (const [name, p] of module.named()) {
          const size = tf.sum(tf.abs(grads[p.variable.name])).arraySync() as number;
          expect(size, name).toBeGreaterThan(0);
        }
        expect(module.predict(features, batchOf([none, none]))[0].scores[0]).toBeLessThanOrEqual(1);
      });
      module.dispose();
    }
  });
});

test('channels and strides come from the neck, and must be its', () => {
  const { in_channels, ...rest } = config;
  const { strides, ...anchors } = config.anchor_generator as { strides: number[] };
  const inputs = [8, 16, 32].map((stride) => ({ stride, channels: 16 }));
  const inferred = build({ ...rest, anchor_generator: anchors } as ModuleConfig, { inputs });
  expect(inferred.priors.strides.map(([x]) => x)).toEqual([8, 16, 32]);
  expect([...inferred.named()][0][1].variable.shape).toEqual([3, 3, 16, 8]);
  inferred.dispose();
  expect(() => build({ ...config, anchor_generator: anchors } as ModuleConfig, { inputs })).toThrow(
    /RPNHead at rpn_head: its in_channels is 8, but the features it reads have 16/,
  );
  expect(() => build(rest as ModuleConfig, { inputs })).toThrow(/strides \[4, 8, 16\].*strides \[8, 16, 32\]/);
  expect(() => build(rest as ModuleConfig)).toThrow(/in_channels is neither given nor known/);
});

test('weights start from a normal of std 0.01, biases from 0', () => {
  const module = build({ ...config, in_channels: 64, feat_channels: 64 });
  module.initWeights(Random.seeded(1));
  const state = module.stateDict();
  const weights = state.get('rpn_conv.weight')!.data as Float32Array;
  const std = Math.sqrt(weights.reduce((s, v) => s + v * v, 0) / weights.length);
  expect(std).toBeCloseTo(0.01, 3);
  expect(maxDifference(state.get('rpn_conv.bias')!.data, new Float32Array(64))).toBe(0);
  module.dispose();
});
