// Single-stage detectors with masks: which heads go together, batches without objects, masks that were not loaded, frames of masks.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { PackedSample } from '../../../src/data/types';
import { startEngine } from '../../../src/engine';
import { encodeRle } from '../../../src/masks';
import { buildDetector } from '../../../src/models/build';
import { Random } from '../../../src/random';
import { parseLosses } from '../../../src/training/gradients';
import { goldenJson, image } from '../../golden-data';

beforeAll(async () => void (await startEngine()));

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
type Untyped = Record<string, any>;
const modelOf = (family: string, name = family): Untyped =>
  structuredClone(goldenJson<{ models: Record<string, { config: Untyped }> }>(`zoo_${family}`).models[name].config);
const build = (config: Untyped) => buildDetector(config as ModuleConfig);

const sample = (
  more: Partial<PackedSample['truths']> = {},
  meta: Partial<PackedSample['meta']> = {},
): PackedSample => ({
  image: { data: image(64, 96), width: 96, height: 64, order: 'bgr' },
  meta: {
    imgId: 1,
    imgPath: 'a.jpg',
    oriShape: [64, 96],
    imgShape: [64, 96],
    scaleFactor: [1, 1],
    flip: false,
    ...meta,
  },
  truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array(), ...more },
});
const FAMILIES = ['solo', 'solov2', 'yolact', 'condinst', 'boxinst'];

describe.each(FAMILIES)('%s', (family) => {
  test('a batch without objects has finite losses, and a gradient for every parameter of its heads', () => {
    const model = build(modelOf(family));
    model.initWeights(Random.seeded(0));
    model.train();
    const batch = model.preprocess([sample()]);
    const heads = model.trainable().filter(([name]) => /_head\./.test(name));
    tf.tidy(() => {
      const context = { random: Random.seeded(0), epoch: 0, iteration: 9 };
      const { value, grads } = tf.variableGrads(
        () => parseLosses(model.loss(batch, context)).total,
        heads.map(([, { variable }]) => variable),
      );
      expect(Number.isFinite(value.arraySync())).toBe(true);
      const without = heads.filter(([, { variable }]) => !grads[variable.name]).map(([name]) => name);
      expect(without).toEqual([]);
    });
    batch.inputs.dispose();
    model.dispose();
  });

  test('masks that were not loaded are asked for, but by BoxInst, which learns from boxes', () => {
    const model = build(modelOf(family));
    model.train();
    const truths = { bboxes: Float32Array.of(8, 8, 60, 50), labels: Int32Array.of(0), ignored: Uint8Array.of(0) };
    const batch = model.preprocess([sample(truths)]);
    const loss = () => tf.tidy(() => void model.loss(batch, { random: Random.seeded(0), epoch: 0, iteration: 0 }));
    if (family === 'boxinst') expect(loss).not.toThrow();
    else expect(loss).toThrow(/the mask loss on "a.jpg": its masks were not loaded. Set with_mask/);
    batch.inputs.dispose();
    model.dispose();
  });

  test('nothing found is no mask; masks have the size of the image, or of the input', () => {
    const config = modelOf(family);
    const model = build({ ...config, test_cfg: { ...config.test_cfg, score_thr: 2 } });
    const batch = model.preprocess([sample()]);
    tf.tidy(() => {
      expect(model.predict(batch)).toEqual([
        { bboxes: new Float32Array(), scores: new Float32Array(), labels: new Int32Array(), masks: [] },
      ]);
    });
    batch.inputs.dispose();
    model.dispose();
    const unfiltered = 'filter_thr' in config.test_cfg ? { filter_thr: -1 } : {};
    const all = build({ ...config, test_cfg: { ...config.test_cfg, ...unfiltered, score_thr: 0.001, mask_thr: 0 } });
    all.initWeights(Random.seeded(3));
    const resized = all.preprocess([sample({}, { oriShape: [32, 192], scaleFactor: [0.5, 2] })]);
    for (const [rescale, size] of [
      [true, [32, 192]],
      [false, [64, 96]],
    ] as const)
      tf.tidy(() => {
        const [{ masks, scores }] = all.predict(resized, { rescale });
        expect(masks?.length).toBe(scores.length);
        expect(scores.length).toBeGreaterThan(0);
        for (const mask of masks!) expect([mask.height, mask.width]).toEqual(size);
      });
    resized.inputs.dispose();
    all.dispose();
  });
});

test.each(['solo', 'solov2', 'yolact'])('%s takes sizes that are no multiples of its strides', (family) => {
  const config = modelOf(family);
  const model = build({
    ...config,
    data_preprocessor: { ...config.data_preprocessor, pad_size_divisor: 1 },
    test_cfg: { ...config.test_cfg, score_thr: 0.001, mask_thr: 0, ...(family !== 'yolact' && { filter_thr: -1 }) },
  });
  model.initWeights(Random.seeded(3));
  const [h, w] = [65, 99];
  const odd: PackedSample = {
    ...sample({}, { oriShape: [130, 99], imgShape: [h, w], scaleFactor: [1, 0.5] }),
    image: { data: image(h, w), width: w, height: h, order: 'bgr' },
  };
  const batch = model.preprocess([odd]);
  for (const rescale of [true, false])
    tf.tidy(() => {
      const [{ masks, bboxes }] = model.predict(batch, { rescale });
      expect(masks!.length).toBeGreaterThan(0);
      for (const mask of masks!) expect([mask.height, mask.width]).toEqual(rescale ? [130, 99] : [h, w]);
      expect(bboxes.every(Number.isFinite)).toBe(true);
    });
  batch.inputs.dispose();
  model.train();
  const bits = new Uint8Array(h * w).fill(1, 10 * w, 40 * w);
  const truths = {
    bboxes: Float32Array.of(0, 10, w, 40),
    labels: Int32Array.of(1),
    ignored: Uint8Array.of(0),
    masks: { kind: 'bitmap' as const, height: h, width: w, masks: [encodeRle(bits, h, w)] },
  };
  const training = model.preprocess([{ ...odd, truths }]);
  tf.tidy(() => {
    const losses = parseLosses(model.loss(training, { random: Random.seeded(0), epoch: 0, iteration: 0 }));
    expect(Number.isFinite(losses.total.arraySync())).toBe(true);
  });
  training.inputs.dispose();
  model.dispose();
});

test('CondInst says what to pad to where its levels are no multiples of one another', () => {
  const config = modelOf('condinst');
  const model = build({ ...config, data_preprocessor: { ...config.data_preprocessor, pad_size_divisor: 1 } });
  const odd = { ...sample(), image: { data: image(65, 99), width: 99, height: 65, order: 'bgr' as const } };
  const batch = model.preprocess([odd]);
  expect(() => tf.tidy(() => void model.predict(batch))).toThrow(/Set pad_size_divisor of the data_preprocessor/);
  batch.inputs.dispose();
  model.dispose();
});

describe('heads that do not go together are refused by name', () => {
  const [solo, condinst, yolact] = [modelOf('solo'), modelOf('condinst'), modelOf('yolact')];
  /** Whose options no head reads. */
  const { test_cfg: _, ...alone } = condinst;
  const ofThree = (values: unknown[]) => values.slice(0, 3);
  const { strides, num_grids: grids, scale_ranges: ranges } = solo.mask_head;
  const threeLevels = { strides: ofThree(strides), num_grids: ofThree(grids), scale_ranges: ofThree(ranges) };
  test.each<[string, Untyped, RegExp]>([
    [
      'a mask head that finds instances',
      { ...alone, mask_head: { ...solo.mask_head, ...threeLevels } },
      /SOLOHead .* by itself.*Leave bbox_head out/,
    ],
    ['no bbox_head', { ...condinst, bbox_head: null }, /CondInstMaskHead .* there is none/],
    [
      'other parameters',
      { ...condinst, bbox_head: { ...condinst.bbox_head, num_params: 54 } },
      /predicts 54 parameters of a mask, but CondInstMaskHead at model.mask_head reads 53/,
    ],
    [
      'other classes',
      { ...yolact, mask_head: { ...yolact.mask_head, num_classes: 4 } },
      /model.bbox_head has 3 classes, model.mask_head has 4/,
    ],
    [
      'a mask head on RoIs',
      { ...alone, mask_head: { type: 'FCNMaskHead', in_channels: 16, num_classes: 3 } },
      /reads pooled RoIs/,
    ],
    [
      'a dense head without parameters',
      {
        ...alone,
        bbox_head: {
          type: 'FCOSHead',
          num_classes: 3,
          strides: [8, 16, 32],
          regress_ranges: [
            [-1, 32],
            [32, 64],
            [64, 1e8],
          ],
        },
      },
      /predicts parameters of masks, received "FCOSHead"/,
    ],
    [
      'levels',
      { ...solo, mask_head: { ...solo.mask_head, num_grids: [8, 6] } },
      /2 num_grids, 4 strides, 4 scale_ranges, 4 feature levels/,
    ],
    [
      'larger filters',
      { ...modelOf('solov2'), mask_head: { ...modelOf('solov2').mask_head, dynamic_conv_size: 3 } },
      /dynamic_conv_size.*must be 1/,
    ],
    [
      'a loss by class',
      { ...yolact, bbox_head: { ...yolact.bbox_head, loss_cls: { type: 'FocalLoss' } } },
      /use_ohem needs one loss for each anchor/,
    ],
    [
      'too few prototypes',
      { ...yolact, mask_head: { ...yolact.mask_head, num_protos: 5 } },
      /num_protos is 5, but the last of proto_channels gives 6/,
    ],
  ])('%s', (_, config, message) => {
    expect(() => build(config)).toThrow(message);
  });

  test('a mask head of the whole image in an RoI head', () => {
    const { config } = goldenJson<{ models: Record<string, { config: Untyped }> }>('zoo_mask_scoring').models
      .mask_scoring;
    const roi_head = { ...config.roi_head, mask_head: yolact.mask_head };
    expect(() => build({ ...config, roi_head })).toThrow(
      /must be a mask head on pooled RoIs, received "YOLACTProtonet"/,
    );
  });
});
