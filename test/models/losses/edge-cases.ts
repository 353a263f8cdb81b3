// What every loss gives where formulas break: no boxes, perfect ones, boxes apart or without area, saturated scores, labels of
// no class. Values and gradients are numbers, and 0 where there is nothing to learn.

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import { type LossCall, losses } from '../../../src/models/losses';
import { Module } from '../../../src/nn';

type Target = tf.Tensor | [tf.Tensor, tf.Tensor];
interface AnyLoss {
  forward(prediction: tf.Tensor, target: Target, call?: LossCall): tf.Tensor;
}
type Build = <T>(config: ModuleConfig) => T;

const BOX: ModuleConfig[] = [
  ...['linear', 'square', 'log'].map((mode) => ({ type: 'IoULoss', mode })),
  ...['ciou', 'siou', 'giou'].map((iou_mode) => ({ type: 'IoULoss', iou_mode, bbox_format: 'xyxy' })),
  ...['GIoULoss', 'DIoULoss', 'CIoULoss', 'EIoULoss', 'SIoULoss', 'BoundedIoULoss'].map((type) => ({ type })),
  { type: 'SIoULoss', neg_gamma: true },
];
const DIFFERENCE: ModuleConfig[] = ['L1Loss', 'SmoothL1Loss', 'BalancedL1Loss', 'MSELoss', 'GHMR'].map((type) => ({
  type,
}));
/** Losses of logits [N, 3] and labels [N]; `limit` is the first label that is an error. */
const LABELS: { config: ModuleConfig; limit: number }[] = [
  { config: { type: 'CrossEntropyLoss' }, limit: 3 },
  { config: { type: 'CrossEntropyLoss', avg_non_ignore: true }, limit: 3 },
  { config: { type: 'CrossEntropyLoss', use_sigmoid: true }, limit: 4 },
  { config: { type: 'mmpretrain.CrossEntropyLoss' }, limit: 3 },
  { config: { type: 'FocalLoss' }, limit: 4 },
  { config: { type: 'FocalLoss', gamma: 0.5 }, limit: 4 },
  { config: { type: 'GHMC' }, limit: 4 },
  { config: { type: 'CrossEntropyCustomLoss', use_sigmoid: true, num_classes: 3 }, limit: 4 },
  { config: { type: 'FocalCustomLoss', num_classes: 3 }, limit: 4 },
];
/** Losses of logits [N, 3] and soft targets of the same shape; the others are of probabilities. */
const SOFT: ModuleConfig[] = [
  { type: 'VarifocalLoss' },
  { type: 'VarifocalLoss', gamma: 0.5 },
  { type: 'RTDETRVarifocalLoss' },
  { type: 'DiceLoss' },
  { type: 'KnowledgeDistillationKLDivLoss' },
];
const PROBABILITIES: ModuleConfig[] = [
  { type: 'GaussianFocalLoss' },
  { type: 'QualityFocalLoss', activated: true },
  { type: 'FocalLoss', activated: true },
  { type: 'DiceLoss', activate: false, naive_dice: true },
];
/** Of the embeddings of corners: pulled together, pushed apart. */
const PAIRS: ModuleConfig[] = [{ type: 'AssociativeEmbeddingLoss' }];
/** Of embeddings and identities. */
const TRIPLETS: ModuleConfig[] = [{ type: 'TripletLoss' }];
/** Of maps of a student and its teacher. */
const MAPS: ModuleConfig[] = [{ type: 'ChannelWiseDivergence', tau: 2 }, { type: 'PKDLoss' }];
const QUALITY: ModuleConfig[] = [{ type: 'QualityFocalLoss' }, { type: 'QualityFocalLoss', beta: 0.5 }];
const OTHERS: ModuleConfig[] = [
  { type: 'DistributionFocalLoss' },
  { type: 'SeesawLoss', num_classes: 3 },
  { type: 'EQLV2Loss', num_classes: 2 },
  { type: 'MultiPosCrossEntropyLoss' },
  { type: 'MarginL2Loss' },
  { type: 'L2Loss' },
  { type: 'RotatedIoULoss' },
  { type: 'OksLoss' },
];

const named = (configs: readonly ModuleConfig[]) => configs.map((config) => [JSON.stringify(config), config] as const);
const labels = (...values: number[]) => tf.tensor1d(values, 'int32');

export function edgeCases(build: Build): void {
  /** Value and gradient of a loss, which must be numbers. */
  const run = (config: ModuleConfig, prediction: tf.Tensor, target: Target, call?: LossCall): [number[], number[]] => {
    const loss = build<AnyLoss>(config);
    let value: number[] = [];
    const gradient = tf.grad((x: tf.Tensor) => {
      const y = loss.forward(x, target, call);
      value = [...y.dataSync()];
      return tf.sum(y);
    })(prediction);
    expect(gradient.shape).toEqual(prediction.shape);
    const slopes = [...gradient.dataSync()];
    expect(value.every(Number.isFinite), `value ${value}`).toBe(true);
    expect(slopes.every(Number.isFinite), `gradient ${slopes}`).toBe(true);
    if (loss instanceof Module) loss.dispose();
    return [value, slopes];
  };
  const expectZero = ([value, slopes]: [number[], number[]], tolerance = 0) => {
    for (const v of [...value, ...slopes]) expect(Math.abs(v)).toBeLessThanOrEqual(tolerance);
  };
  const sized = (test: () => void) => () => void tf.tidy(test);

  test('the lists name every loss', () => {
    const configs = [
      ...BOX,
      ...DIFFERENCE,
      ...LABELS.map(({ config }) => config),
      ...SOFT,
      ...PROBABILITIES,
      ...QUALITY,
      ...PAIRS,
      ...MAPS,
      ...TRIPLETS,
      ...OTHERS,
    ];
    expect([...new Set(configs.map(({ type }) => type))].sort()).toEqual(losses.map(({ type }) => type).sort());
  });

  describe.each(named([...BOX, ...DIFFERENCE]))('%s', (_, config) => {
    // GHMR divides by its weights, which goes with no sum
    test.each(['mean', 'none', ...(config.type === 'GHMR' ? [] : ['sum'])])(
      'of no boxes, %s',
      (reduction) => void tf.tidy(() => expectZero(run({ ...config, reduction }, tf.zeros([0, 4]), tf.zeros([0, 4])))),
    );

    test(
      'of perfect boxes',
      sized(() => {
        const boxes = tf.tensor2d([
          [1, 2, 30, 40],
          [0, 0, 400.5, 300.25],
          [5, 5, 6.5, 6.25],
        ]);
        expectZero(run(config, boxes, boxes.clone()), 2e-5);
        expectZero(run({ ...config, reduction: 'none' }, boxes, boxes.clone()), 2e-5);
      }),
    );

    test(
      'of boxes apart, touching, nested and without area',
      sized(() => {
        const a = [
          [0, 0, 10, 10],
          [0, 0, 10, 10],
          [0, 0, 10, 10],
          [0, 0, 10, 10],
          [5, 5, 5, 5],
          [5, 5, 5, 5],
          [5, 0, 5, 9],
          [9, 9, 1, 1],
        ];
        const b = [
          [90, 0, 99, 9],
          [10, 0, 20, 10],
          [0, 10, 10, 20],
          [2, 2, 4, 4],
          [5, 5, 5, 5],
          [0, 0, 10, 10],
          [5, 0, 5, 9],
          [0, 0, 5, 5],
        ];
        run(config, tf.tensor2d(a), tf.tensor2d(b));
        run(config, tf.tensor2d(b), tf.tensor2d(a));
      }),
    );
  });

  test.each(named(MAPS))(
    '%s: of equal maps, of constant ones and of a single pixel',
    (_, config) =>
      void tf.tidy(() => {
        const map = tf.randomUniform([2, 3, 4, 5], -3, 3, 'float32', 7);
        expectZero(run(config, map, map.clone()), 1e-6);
        const [[some], slopes] = run(config, map, tf.reverse(map, 2));
        expect(some).toBeGreaterThan(0.1);
        expect(slopes.some((slope) => slope !== 0)).toBe(true);
        // a constant channel correlates with nothing, and no slope leads away from it
        run(config, tf.ones([2, 3, 4, 5]), map);
        run(config, map, tf.fill([2, 3, 4, 5], 1e4));
        if (config.type !== 'PKDLoss') expectZero(run(config, tf.fill([1, 1, 1, 5], 3), tf.zeros([1, 1, 1, 5])));
        expect(() => run(config, map, tf.zeros([2, 3, 4, 6]))).toThrow(
          /received \[2,3,4,5\] of the student|of the\s+student/,
        );
      }),
  );

  test.each(named(TRIPLETS))(
    '%s: of equal embeddings, and of identities far apart',
    (_, config) =>
      void tf.tidy(() => {
        const equal = tf.ones([4, 3]);
        const [[value], slopes] = run(config, equal, labels(0, 0, 1, 1));
        expect(value).toBeCloseTo(0.3, 5); // the margin
        expect(slopes.every((v) => v === 0)).toBe(true);
        const apart = tf.mul(equal, tf.tensor2d([[0], [0], [100], [100]]));
        expectZero(run(config, apart, labels(0, 0, 1, 1)), 1e-6);
        expect(() => run(config, equal, labels(2, 2, 2, 2))).toThrow(/two identities/);
      }),
  );

  describe.each(LABELS.map((c) => [JSON.stringify(c.config), c] as const))('%s', (_, { config, limit }) => {
    test(
      'of no rows',
      sized(() => expectZero(run(config, tf.zeros([0, 3]), labels()))),
    );

    test(
      'of saturated scores',
      sized(() => {
        const logits = tf.tensor2d([
          [100, -100, 0],
          [-100, 100, 100],
          [0, 0, 0],
        ]);
        run(config, logits, labels(0, 0, 2));
        run(config, tf.mul(logits, 0.4), labels(0, 0, 2));
      }),
    );

    test(
      'of a label that is no class',
      sized(() => {
        const forward = (label: number) => build<AnyLoss>(config).forward(tf.zeros([3, 3]), labels(0, label, 1));
        expect(() => forward(255)).toThrow(/label 255 \(row 1\) is none of the 3 classes 0 \.\. 2/);
        expect(() => forward(limit)).toThrow(new RegExp(`label ${limit} `));
        expect(() => forward(limit - 1)).not.toThrow();
      }),
    );
  });

  test(
    'ignore_index is for the label that it names',
    sized(() => {
      for (const use_sigmoid of [false, true]) {
        const config = { type: 'CrossEntropyLoss', use_sigmoid, ignore_index: 255, avg_non_ignore: true };
        const [[value]] = run(
          config,
          tf.tensor2d([
            [1, 2, 3],
            [4, 5, 6],
          ]),
          labels(1, 255),
        );
        const [[alone]] = run(config, tf.tensor2d([[1, 2, 3]]), labels(1));
        expect(value).toBeCloseTo(alone, 6);
        expectZero(run(config, tf.zeros([1, 3]), labels(255)));
      }
    }),
  );

  test.each(named(PAIRS))(
    '%s of no, one, equal and distant objects',
    (_, config) =>
      void tf.tidy(() => {
        expectZero(run(config, tf.zeros([0, 1]), tf.zeros([0, 1])));
        expectZero(run(config, tf.ones([1, 1]), tf.ones([1, 1])));
        const [[value]] = run(config, tf.ones([3, 1]), tf.ones([3, 1]));
        expect(value).toBeCloseTo(0.25, 6);
        expectZero(run(config, tf.tensor2d([[0], [5], [-5]]), tf.tensor2d([[0], [5], [-5]])));
        const [[apart]] = run(config, tf.tensor2d([[0], [4]]), tf.tensor2d([[2], [4]]));
        expect(apart).toBeCloseTo(0.25, 6);
      }),
  );

  test.each(named([...SOFT, ...PROBABILITIES]))(
    '%s of nothing, of certainty and of error',
    (_, config) =>
      void tf.tidy(() => {
        run(config, tf.zeros([0, 3]), tf.zeros([0, 3]));
        const sure = PROBABILITIES.includes(config) ? [[1, 0, 0]] : [[100, -100, -100]];
        run(config, tf.tensor2d(sure), tf.tensor2d([[1, 0, 0]]));
        run(config, tf.tensor2d(sure), tf.tensor2d([[0, 1, 0.5]]));
      }),
  );

  test.each(named(QUALITY))(
    '%s of nothing, of certainty and of error',
    (_, config) =>
      void tf.tidy(() => {
        expectZero(run(config, tf.zeros([0, 3]), [labels(), tf.zeros([0])]));
        run(
          config,
          tf.tensor2d([
            [100, -100, 0],
            [-100, 100, 0],
          ]),
          [labels(0, 0), tf.tensor1d([1, 0.5])],
        );
        expect(() => run(config, tf.zeros([1, 3]), [labels(255), tf.ones([1])])).toThrow(/label 255/);
      }),
  );

  test(
    'DistributionFocalLoss of nothing and at both ends',
    sized(() => {
      const config = { type: 'DistributionFocalLoss' };
      expectZero(run(config, tf.zeros([0, 5]), tf.zeros([0])));
      run(config, tf.tensor2d([[100, 0, 0, 0, -100]]), tf.tensor1d([4]));
    }),
  );

  test(
    'SeesawLoss of nothing, of background alone and of a label that is no class',
    sized(() => {
      const config = { type: 'SeesawLoss', num_classes: 3 };
      expectZero(run(config, tf.zeros([0, 5]), labels()));
      run(config, tf.zeros([2, 5]), labels(3, 3));
      run(config, tf.tensor2d([[100, -100, 0, 100, -100]]), labels(1));
      expect(() => run(config, tf.zeros([1, 5]), labels(4))).toThrow(/label 4/);
    }),
  );

  test(
    'DiceLoss of no masks, and of masks without pixels',
    sized(() => {
      for (const naive_dice of [false, true]) {
        expectZero(run({ type: 'DiceLoss', naive_dice }, tf.zeros([0, 8, 8]), tf.zeros([0, 8, 8])));
        run({ type: 'DiceLoss', naive_dice }, tf.zeros([2, 0, 8]), tf.zeros([2, 0, 8]));
      }
    }),
  );

  test(
    'the mask loss of no RoIs, and of a class without a mask',
    sized(() => {
      interface MaskLoss {
        forwardMask(logits: tf.Tensor4D, masks: tf.Tensor3D, labels: tf.Tensor1D): tf.Scalar;
      }
      const loss = build<MaskLoss>({ type: 'CrossEntropyLoss', use_mask: true });
      expect(loss.forwardMask(tf.zeros([0, 4, 4, 2]), tf.zeros([0, 4, 4]), labels()).dataSync()[0]).toBe(0);
      expect(() => loss.forwardMask(tf.zeros([1, 4, 4, 2]), tf.zeros([1, 4, 4]), labels(2))).toThrow(/label 2 /);
    }),
  );
}
