// `recipe.profile` and `model.profile`: real steps of a small detector.

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ConfigObject, Model } from '../../src';
import { detector } from '../../src';
import { small } from './small';

describe('recipe.profile', () => {
  it('profiles a prediction by module', async () => {
    const profile = await small().profile({ repeats: 1 });
    expect(profile.subject).toMatchObject({ facts: { batch: 1, precision: 'float32' } });
    expect(profile.subject.name).toMatch(/, prediction$/);
    const paths = profile.modules.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['', 'backbone', 'backbone.layer1', 'neck', 'rpn_head', 'roi_head']));
    expect(profile.modules.every(({ backward }) => backward === 0)).toBe(true);
    expect(profile.kernels.some(({ name }) => name === 'detConv2d')).toBe(true);
    expect(String(profile)).not.toContain('backward');
  });

  it('profiles a training step of several images of another size, in mixed precision', async () => {
    const profile = await small().profile({ mode: 'train', amp: true, batch: 2, imageSize: [64, 64], repeats: 1 });
    expect(profile.subject.facts).toMatchObject({ batch: 2, image: '64 × 64', precision: 'bfloat16' });
    const module = (path: string) => profile.modules.find((row) => row.path === path)!;
    for (const path of ['backbone', 'neck', 'rpn_head', 'roi_head']) {
      expect(module(path).forward).toBeGreaterThan(0);
      expect(module(path).backward).toBeGreaterThan(0);
    }
    expect(profile.kernels.some(({ name }) => name === 'sgdStep')).toBe(true);
    expect(profile.copies.some(({ from, to }) => from === 'Float' && to === 'BFloat16')).toBe(true);
  });

  it('profiles a training step of a config that counts iterations', async () => {
    const loop = { type: 'IterBasedTrainLoop', max_iters: 100, val_interval: 50 };
    const profile = await detector({ ...small().config, train_cfg: loop }).profile({ mode: 'train', repeats: 1 });
    expect(profile.kernels.some(({ name }) => name === 'sgdStep')).toBe(true);
  });

  it('gives proposals to detectors without a first stage', async () => {
    const { config } = small();
    const { rpn_head: _, ...model } = config.model as ConfigObject;
    const { rpn: _train, ...train_cfg } = model.train_cfg as ConfigObject;
    const { rpn_proposal: _proposal, ...trained } = train_cfg;
    const { rpn: _test, ...test_cfg } = model.test_cfg as ConfigObject;
    const recipe = detector({ ...config, model: { ...model, type: 'FastRCNN', train_cfg: trained, test_cfg } });
    const profile = await recipe.profile({ mode: 'train', repeats: 1 });
    expect(profile.modules.some(({ path }) => path === 'roi_head')).toBe(true);
  });

  it('frees all tensors', async () => {
    const before = tf.memory().numTensors;
    await small().profile({ mode: 'train', repeats: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses unknown options and wrong values', async () => {
    await expect(small().profile({ train: true } as never)).rejects.toThrow(
      'Cannot profile: unknown option "train"; expected mode, amp, batch, imageSize, repeats',
    );
    await expect(small().profile({ mode: 'test' } as never)).rejects.toThrow(
      /mode: expected 'predict' \| 'train', received the string "test"/,
    );
    await expect(small().profile({ batch: 1.5 })).rejects.toThrow(/batch: expected/);
    await expect(detector('faster-rcnn_r18_fpn_toytown').profile({ imageSize: 3 })).rejects.toThrow(/image size/);
  });
});

describe('model.profile', () => {
  let model: Model;
  beforeAll(async () => {
    model = await small().build();
  });
  afterAll(() => model.dispose());

  it('profiles the prediction of an image', async () => {
    const image = { data: new Uint8Array(96 * 64 * 3).fill(90), width: 96, height: 64, order: 'rgb' } as const;
    const profile = await model.profile(image, { repeats: 2 });
    expect([profile.run.runs, profile.subject.facts.precision]).toEqual([2, 'float32']);
    expect(profile.modules.some(({ path }) => path === 'backbone')).toBe(true);
    await expect(model.profile(image, { precison: 'float32' } as never)).rejects.toThrow(/Did you mean "precision"/);
    await expect(model.profile(image, { precision: 'float8' as never })).rejects.toThrow(/precision/);
  });
});
