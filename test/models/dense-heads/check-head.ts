// The one comparison of a one-stage head with its reference file: parameters, outputs, losses, gradients, detections.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample, Truths } from '../../../src/data/types';
import { createRegistry } from '../../../src/models/catalogue';
import type { DetBatch, DetectionHead, Losses } from '../../../src/models/types';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import { boxes, expectClose, fillByFormula, golden, nchw, nhwc, sgn } from '../../golden-data';

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

type Head = DetectionHead & { forward(features: tf.Tensor4D[]): object };
const [height, width] = [96, 128];
const tidy = <T>(f: () => T): T => tf.tidy(f as () => tf.TensorContainer) as T;

export function batchOf(truths: Truths[], [h, w] = [height, width]): DetBatch {
  const samples = truths.map(
    (t, i): PackedSample => ({
      image: { data: new Uint8Array(0), width: w, height: h, order: 'bgr' },
      meta: { imgId: i, imgPath: `${i}.jpg`, oriShape: [h, w], imgShape: [h, w], scaleFactor: [1, 1], flip: false },
      truths: t,
    }),
  );
  return { inputs: undefined as unknown as tf.Tensor4D, samples, batchShape: [h, w] };
}

export const noTruths = (): Truths => ({
  bboxes: new Float32Array(0),
  labels: new Int32Array(0),
  ignored: new Uint8Array(0),
});

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

const scalars = (losses: Losses): [string, number][] =>
  Object.entries(losses).map(([name, v]) => [name, [v].flat().reduce((s, x) => s + x.dataSync()[0], 0)]);

export interface CheckHeadOptions {
  prepare?: (head: Head) => void;
  /** Relative; 1e-4 for gradients. */
  tolerance?: number;
}

export function checkHead(name: string, { prepare, tolerance = 2e-5 }: CheckHeadOptions = {}): void {
  const { tensors, metadata } = golden(name);
  const config = JSON.parse(metadata.cfg) as ModuleConfig;
  const head = createRegistry().build<Head>('dense_head', config, { path: 'bbox_head' });
  const params = JSON.parse(metadata.params) as Record<string, number[]>;
  expect([...head.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(Object.entries(params));
  fillHead(head, JSON.parse(metadata.extra_rules ?? '[]'));
  prepare?.(head);
  const shapes: number[][] = metadata.sizes
    ? JSON.parse(metadata.sizes).map((size: number[]) => [2, 8, ...size])
    : [0, 1, 2].map((k) => tensors.get(`feat${k}`)!.shape);
  const features = shapes.map((shape, k) => nhwc(tensors.get(`feat${k}`) ?? { shape, data: sgn(`feat${k}`, shape) }));
  const counts = JSON.parse(metadata.gt ?? '[3, 4]') as number[];
  const truths = counts.map((n, i): Truths => {
    const bboxes = (tensors.get(`gt${i}.bboxes`)?.data ?? boxes(`gt${i}`, n, { w: width, h: height })) as Float32Array;
    const labels = (tensors.get(`gt${i}.labels`)?.data ??
      Int32Array.from({ length: n }, (_, k) => k % 3)) as Int32Array;
    return { bboxes, labels, ignored: new Uint8Array(n) };
  });

  head.eval();
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    for (const [j, levels] of Object.values(head.forward(features) as Record<string, tf.Tensor4D[]>).entries())
      for (const [k, level] of levels.entries()) {
        const expected = tensors.get(`fwd${j}.l${k}`);
        if (expected && level.rank === 4) expectClose(nchw(level), expected.data, 1e-4, `output ${j}, level ${k}`);
      }
  });
  const found = tidy(() => head.predict(features, batchOf([noTruths(), noTruths()]), { rescale: false }));
  for (const i of [0, 1])
    expectDetections(found[i], {
      bboxes: tensors.get(`img${i}.bboxes`)!.data,
      scores: tensors.get(`img${i}.scores`)!.data,
      labels: tensors.get(`img${i}.labels`)!.data,
    });

  head.train();
  const { _grad_abs_sum: sizes, ...losses } = JSON.parse(metadata.losses) as Record<string, number | number[]> & {
    _grad_abs_sum: Record<string, number>;
  };
  const variables = head.trainable().map(([, p]) => p.variable);
  const batch = batchOf(truths);
  tf.tidy(() => {
    let values: [string, number][] = [];
    const { grads } = tf.variableGrads(() => {
      const epoch = JSON.parse(metadata.epoch ?? '0') as number;
      const computed = head.loss(features, batch, { random: Random.seeded(1), epoch, iteration: 0 });
      values = scalars(computed);
      const terms = Object.entries(computed).flatMap(([key, v]) => (key.includes('loss') ? [v].flat() : []));
      return tf.addN(terms.map((t) => t.reshape([]))) as tf.Scalar;
    }, variables);
    expect(values.map(([key]) => key).sort()).toEqual(Object.keys(losses).sort());
    for (const [key, value] of values) {
      const wanted = [losses[key]].flat().reduce((a, b) => a + b, 0);
      expect(Math.abs(value - wanted), `${key}: ${value} for ${wanted}`).toBeLessThan(
        tolerance * Math.max(1, Math.abs(wanted)),
      );
    }
    for (const [key, p] of head.named()) {
      const wanted = sizes[key];
      if (wanted === undefined || p.kind === 'buffer') continue;
      const gradient = grads[p.variable.name] as tf.Tensor | null; // none where the loss does not depend on it
      const size = gradient ? (tf.sum(tf.abs(gradient)).arraySync() as number) : 0;
      expect(Math.abs(size - wanted), `gradient of ${key}: ${size} for ${wanted}`).toBeLessThan(
        5 * tolerance * wanted + 1e-4,
      );
    }
    // nothing to learn: a number, and zero or finite gradients
    const empty = tf.variableGrads(() => {
      const terms = Object.entries(
        head.loss(features, batchOf([noTruths(), noTruths()]), { random: Random.seeded(1), epoch: 0, iteration: 0 }),
      ).flatMap(([key, v]) => (key.includes('loss') ? [v].flat() : []));
      return tf.addN(terms.map((t) => t.reshape([]))) as tf.Scalar;
    }, variables);
    expect(Number.isFinite(empty.value.arraySync())).toBe(true);
  });
  expect(tf.memory().numTensors, 'tensors left').toBe(before);
  tf.dispose(features);
  head.dispose();
}

/** Formula weights, but for the counts and bin edges of losses and for scales, which stay 1, and the projection of distributions. */
function fillHead(head: Head, extraRules: [string, number][]): void {
  for (const [key, p] of head.named())
    if (/\.scale$|\.project$/.test(key))
      tf.tidy(() => p.variable.assign(tf.tensor(p.initializer(p.variable.shape, Random.seeded(0)), p.variable.shape)));
  const kept = new Map([...head.stateDict()].filter(([key]) => /^loss_|\.scale$|\.project$/.test(key)));
  fillByFormula(head, '', extraRules);
  head.loadStateDict(kept);
}
