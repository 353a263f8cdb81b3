// The comparison of a one-stage head with its reference file: parameters, outputs, detections, losses and gradients, each a
// test of its own.

import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, Truths } from '../../../src/data/types';
import { createRegistry } from '../../../src/models/catalogue';
import type { DetBatch, DetectionHead, Losses } from '../../../src/models/types';
import { BatchNorm2d, Dropout, torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { boxes, checkWeightGradients, expectClose, fillByFormula, golden, nchw, nhwc, sgn } from '../../golden-data';
import { batchOf, IMAGE_SIZE, noTruths, tidy } from './batch';

/** The reference files that need no preparation. */
export const HEADS = [
  'head_retina',
  'ref_head_retina_gn',
  'ref_head_retina_softmax',
  'ref_head_retina_ghm',
  'ref_head_ssd',
  'ref_head_ssdlite',
  'ref_head_yolov8',
  'ref_head_yolov8_single',
  'ref_head_fcos',
  'ref_head_fcos_tricks',
  'ref_head_fcos_normed',
  'ref_head_atss',
  'ref_head_gfl',
  'ref_head_tood_initial',
  'ref_head_tood',
  'ref_head_tood_anchor_based_initial',
  'ref_head_tood_anchor_based',
  'ref_head_tood_dcn_initial',
  'ref_head_tood_dcn',
  'ref_head_tood_empty',
  'ref_head_fsaf',
  'ref_head_fsaf_tricks',
  'ref_head_retina_sepbn',
  'ref_head_yolov3',
  'ref_head_yolov3_smooth',
  'ref_head_yolox',
  'ref_head_rtmdet',
  'ref_head_rtmdet_obj',
  'ref_head_rtmdet_sepbn',
  'ref_head_rtmdet_sepbn_own',
];

interface Head extends DetectionHead {
  forward(features: tf.Tensor4D[]): Record<string, tf.Tensor4D[]>;
}

/** Same boxes, scores and labels; those whose scores differ by rounding alone may change places. */
export function expectDetections(
  found: Detections,
  expected: { bboxes: ArrayLike<number>; scores: ArrayLike<number>; labels: ArrayLike<number> },
  [scoreTolerance, boxTolerance] = [1e-5, 2e-3],
): void {
  expect(found.scores.length).toBe(expected.scores.length);
  const free = new Set(Array.from({ length: expected.scores.length }, (_, i) => i));
  for (let i = 0; i < found.scores.length; i++) {
    expect(Math.abs(found.scores[i] - expected.scores[i]), `score ${i}`).toBeLessThan(scoreTolerance);
    const box = found.bboxes.subarray(4 * i, 4 * i + 4);
    const match = [...free].find(
      (k) =>
        box.every((v, j) => Math.abs(v - expected.bboxes[4 * k + j]) < boxTolerance) &&
        expected.labels[k] === found.labels[i] &&
        Math.abs(expected.scores[k] - found.scores[i]) < scoreTolerance,
    );
    expect(match, `detection ${i}: ${[...box]} ${found.scores[i]} ${found.labels[i]}`).toBeDefined();
    free.delete(match!);
  }
}

/** Value of each loss, lists summed. */
const totals = (losses: Losses): Record<string, number> =>
  Object.fromEntries(
    Object.entries(losses).map(([name, loss]) => [name, [loss].flat().reduce((sum, x) => sum + x.dataSync()[0], 0)]),
  );

/** What the gradient is of. */
const sumOf = (losses: Losses): tf.Scalar =>
  tf.addN(
    Object.entries(losses).flatMap(([name, loss]) =>
      name.includes('loss') ? [loss].flat().map((x) => x.reshape([])) : [],
    ),
  ) as tf.Scalar;

/** Formula weights, but for the counts and bin edges of losses and for scales, which stay 1, and the projection of distributions. */
function fillHead(head: Head, extraRules: [string, number][]): void {
  for (const [key, p] of head.named())
    if (/\.scale$|\.project$/.test(key))
      tf.tidy(() => p.variable.assign(tf.tensor(p.initializer(p.variable.shape, Random.seeded(0)), p.variable.shape)));
  const kept = new Map([...head.stateDict()].filter(([key]) => /^loss_|\.scale$|\.project$/.test(key)));
  fillByFormula(head, '', extraRules);
  head.loadStateDict(kept);
}

/** Sum of the absolute values; NaN where the loss does not depend on the parameter at all. */
const magnitude = (gradient: tf.Tensor | null): number =>
  gradient ? tf.sum(tf.abs(gradient)).dataSync()[0] : Number.NaN;

export interface CheckHeadOptions {
  prepare?: (head: Head) => void;
  /** Relative; five times as much for gradients. */
  tolerance?: number;
  /** Whole epochs trained before the losses are computed; those of the reference file by default. */
  epoch?: number;
}

/** A head filled as its reference file was, with the file's features and ground truth. */
export class HeadReference {
  readonly tensors;
  readonly metadata;
  readonly head: Head;
  readonly features: tf.Tensor4D[];
  readonly batch: DetBatch;
  private readonly epoch: number;

  constructor(name: string, epoch?: number) {
    const { tensors, metadata } = golden(name);
    this.tensors = tensors;
    this.metadata = metadata;
    this.epoch = epoch ?? (JSON.parse(metadata.epoch ?? '0') as number);
    const config = JSON.parse(metadata.cfg) as ModuleConfig;
    this.head = createRegistry().build('dense_head', config, { path: 'bbox_head' }) as Head;
    fillHead(this.head, JSON.parse(metadata.extra_rules ?? '[]'));
    const shapes: number[][] = metadata.sizes
      ? JSON.parse(metadata.sizes).map((size: number[]) => [2, 8, ...size])
      : [0, 1, 2].map((k) => tensors.get(`feat${k}`)!.shape);
    this.features = shapes.map((shape, k) => nhwc(tensors.get(`feat${k}`) ?? { shape, data: sgn(`feat${k}`, shape) }));
    const [h, w] = IMAGE_SIZE;
    const counts = JSON.parse(metadata.gt ?? '[3, 4]') as number[];
    const truths = counts.map((n, i): Truths => {
      const bboxes = (tensors.get(`gt${i}.bboxes`)?.data ?? boxes(`gt${i}`, n, { w, h })) as Float32Array;
      const labels = (tensors.get(`gt${i}.labels`)?.data ??
        Int32Array.from({ length: n }, (_, k) => k % 3)) as Int32Array;
      return { bboxes, labels, ignored: new Uint8Array(n) };
    });
    this.batch = batchOf(truths);
  }

  /** Sum of the losses. */
  loss(): tf.Scalar {
    return sumOf(this.losses(this.batch));
  }

  private losses(batch: DetBatch): Losses {
    return this.head.loss(this.features, batch, { random: Random.seeded(1), epoch: this.epoch, iteration: 0 });
  }

  /** Values of the losses, and the sum of the absolute gradient of every parameter. */
  training(batch = this.batch): { losses: Record<string, number>; gradients: Record<string, number> } {
    const { head } = this;
    return tidy(() => {
      let losses: Record<string, number> = {};
      const variables = head.trainable().map(([, p]) => p.variable);
      const { grads } = tf.variableGrads(() => {
        const computed = this.losses(batch);
        losses = totals(computed);
        return sumOf(computed);
      }, variables);
      const gradients: Record<string, number> = {};
      for (const [key, p] of head.named())
        if (p.kind === 'parameter') gradients[key] = magnitude(grads[p.variable.name]);
      return { losses, gradients };
    });
  }

  dispose(): void {
    tf.dispose(this.features);
    this.head.dispose();
  }
}

/** Tests of one head against the reference file `name`. */
export function describeHead(name: string, { prepare, tolerance = 2e-5, epoch }: CheckHeadOptions = {}): void {
  describe(name, () => {
    let reference: HeadReference;
    let tensorsAtStart: number;
    beforeAll(() => {
      reference = new HeadReference(name, epoch);
      prepare?.(reference.head);
      tensorsAtStart = tf.memory().numTensors;
    });
    afterAll(() => reference.dispose());

    test('parameters have the names, shapes and order of the reference', () => {
      const params = JSON.parse(reference.metadata.params) as Record<string, number[]>;
      const found = [...reference.head.named()].map(([key, p]) => [key, torchShape(p)]);
      expect(found).toEqual(Object.entries(params));
    });

    test('outputs', () => {
      const { head, features, tensors } = reference;
      head.eval();
      tf.tidy(() => {
        for (const [j, levels] of Object.values(head.forward(features)).entries())
          for (const [k, level] of levels.entries()) {
            const expected = tensors.get(`fwd${j}.l${k}`);
            if (expected) expectClose(nchw(level), expected.data, 1e-4, `output ${j}, level ${k}`);
          }
      });
    });

    test('detections', () => {
      const { head, features, tensors } = reference;
      head.eval();
      const found = tidy(() => head.predict(features, batchOf([noTruths(), noTruths()]), { rescale: false }));
      for (const i of [0, 1])
        expectDetections(found[i], {
          bboxes: tensors.get(`img${i}.bboxes`)!.data,
          scores: tensors.get(`img${i}.scores`)!.data,
          labels: tensors.get(`img${i}.labels`)!.data,
        });
    });

    test('losses and gradients', () => {
      const { head, metadata, tensors } = reference;
      head.train();
      const { losses, gradients } = reference.training();
      const { _grad_abs_sum: sizes, ...expected } = JSON.parse(metadata.losses) as Record<string, number | number[]> & {
        _grad_abs_sum: Record<string, number>;
      };
      expect(Object.keys(losses).sort()).toEqual(Object.keys(expected).sort());
      for (const [key, value] of Object.entries(losses)) {
        const target = [expected[key]].flat().reduce((a, b) => a + b, 0);
        expect(Math.abs(value - target), `${key}: ${value} for ${target}`).toBeLessThan(
          tolerance * Math.max(1, Math.abs(target)),
        );
      }
      for (const [key, size] of Object.entries(gradients)) {
        const target = sizes[key];
        if (target === undefined || (target === 0 && Number.isNaN(size))) continue;
        expect(Math.abs(size - target), `gradient of ${key}: ${size} for ${target}`).toBeLessThan(
          5 * tolerance * target + 1e-4,
        );
      }
      const signed = tensors.get('grad_w')?.data as Float32Array | undefined;
      if (signed) checkWeightGradients(name, head, signed, () => reference.loss());
    });

    // aside from batch norms and dropout, and from losses that keep a moving average
    test('losses in evaluation mode are those of training', () => {
      const { head } = reference;
      if ([...head.modules()].some(([, module]) => module instanceof BatchNorm2d || module instanceof Dropout)) return;
      if ([...head.named()].some(([name]) => name.endsWith('acc_sum'))) return;
      head.train();
      const { losses: expected } = reference.training();
      head.eval();
      expect(reference.training().losses).toEqual(expected);
    });

    test('without ground truth the losses are finite, and so is the gradient of every parameter', () => {
      const { head } = reference;
      head.train();
      const { losses, gradients } = reference.training(batchOf([noTruths(), noTruths()]));
      for (const [key, value] of Object.entries({ ...losses, ...gradients }))
        expect(Number.isFinite(value), `${key}: ${value}`).toBe(true);
    });

    test('no tensors are left', () => {
      const { head, features } = reference;
      head.eval();
      tidy(() => head.predict(features, batchOf([noTruths(), noTruths()]), { rescale: false }));
      head.train();
      reference.training();
      expect(tf.memory().numTensors).toBe(tensorsAtStart);
    });
  });
}
