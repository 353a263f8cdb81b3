// Small models of the DETR family against MMDetection's (detr_family.json): parameters, losses, gradients and
// detections.

import * as tf from '@tensorflow/tfjs';
import { describe, expect, test } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../../src/data/types';
import { buildDetector } from '../../../src/models/build';
import type { DINO } from '../../../src/models/detectors';
import type { DetBatch, Detector, Losses } from '../../../src/models/types';
import { torchShape } from '../../../src/nn/module';
import { Random } from '../../../src/random';
import { expectClose, fillByFormula, goldenJson, nhwc, sgn, u01 } from '../../golden-data';

interface Reference {
  cfg: ModuleConfig;
  params: [string, number[]][];
  losses: Record<string, number>;
  /** Norm, and product with sgn(name). */
  grads: Record<string, [number, number]>;
  predictions: { bboxes: number[]; scores: number[]; labels: number[] }[];
}
export const { models, extra_rules } = goldenJson<{
  models: Record<string, Reference>;
  extra_rules: [string, number][];
}>('detr_family');

function predict(model: Detector, batch: DetBatch): Detections[] {
  let found: Detections[] = [];
  tf.tidy(() => {
    found = model.predict(batch);
  });
  return found;
}

const SHAPES: [number, number][] = [
  [64, 96],
  [48, 64],
];
const TRUTHS: [number[], number[]][] = [
  [
    [4, 6, 40, 50, 50, 10, 90, 60, 20, 20, 70, 44],
    [0, 2, 1],
  ],
  [
    [3, 4, 30, 40, 25, 8, 60, 44],
    [1, 2],
  ],
];

/** The batch of the reference: an image of 64 x 96 and one of 48 x 64, padded; resized to half. */
export function batch(): DetBatch {
  const shape = [2, 3, 64, 96];
  const data = sgn('in0', shape);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < 64; y++)
      for (let x = 0; x < 96; x++) if (y >= 48 || x >= 64) data[((3 + c) * 64 + y) * 96 + x] = 0;
  const samples = SHAPES.map(
    ([height, width], i): PackedSample => ({
      image: { data: new Uint8Array(), width, height, order: 'bgr' },
      meta: {
        imgId: i,
        imgPath: `image ${i}`,
        oriShape: [2 * height, 2 * width],
        imgShape: [height, width],
        scaleFactor: [0.5, 0.5],
        flip: false,
      },
      truths: {
        bboxes: Float32Array.from(TRUTHS[i][0]),
        labels: Int32Array.from(TRUTHS[i][1]),
        ignored: new Uint8Array(TRUTHS[i][1].length),
      },
    }),
  );
  return { inputs: nhwc({ shape, data }), samples, batchShape: [64, 96] };
}

const stream = (name: string, n: number) => Float32Array.from({ length: n }, (_, i) => u01(name, i));

export function build({ cfg }: Reference): Detector {
  const model = buildDetector(cfg);
  fillByFormula(model, '', extra_rules);
  if (cfg.type !== 'DINO') return model;
  // the reference's random numbers, by formula as well
  const { denoising } = model as DINO;
  const scale = (cfg.dn_cfg as { label_noise_scale: number }).label_noise_scale;
  denoising.draw = (truths, groups) => {
    const n = truths * 2 * groups;
    const chances = stream('chance', n);
    const replaced = chances.filter((p) => p < scale * 0.5).length;
    return {
      chances,
      labels: Int32Array.from(stream('label', replaced), (u) => Math.floor(u * 3)),
      signs: stream('sign', 4 * n).map((u) => 2 * Math.floor(u * 2) - 1),
      shares: stream('share', 4 * n),
    };
  };
  return model;
}

export const flat = (losses: Losses): Record<string, tf.Scalar> =>
  Object.fromEntries(Object.entries(losses).map(([name, value]) => [name, value as tf.Scalar]));

/** The models of the file by these names. */
export function testModels(...names: string[]): void {
  describe.each(names)('%s equals MMDetection', (name) => checkModel(name, models[name]));
}

/** Images with fewer positions than the model of this name is given queries. */
export function testFewPositions(name: string): void {
  test(`${name}: more queries than the images have positions are refused, in training and in prediction`, () => {
    const reference = models[name];
    const model = build({ ...reference, cfg: { ...reference.cfg, num_queries: 900 } });
    const given = batch();
    const message = /Cannot choose 900 queries \(num_queries\): the images have \d+ positions on all feature levels/;
    expect(() => model.train().loss(given, { random: Random.seeded(1), epoch: 0, iteration: 0 })).toThrow(message);
    expect(() => model.eval().predict(given)).toThrow(message);
    given.inputs.dispose();
    model.dispose();
  });
}

function checkModel(kind: string, reference: Reference): void {
  test('parameters in order, losses and gradients', () => {
    const model = build(reference).train();
    expect([...model.named()].map(([name, p]) => [name, torchShape(p)])).toEqual(reference.params);
    const given = batch();
    const run = () => {
      let losses: Record<string, number> = {};
      const trainable = model.trainable();
      const { value, grads } = tf.variableGrads(
        () => {
          const found = flat(model.loss(given, { random: Random.seeded(0), epoch: 0, iteration: 0 }));
          losses = Object.fromEntries(Object.entries(found).map(([name, v]) => [name, v.dataSync()[0]]));
          return tf.addN(Object.values(found)) as tf.Scalar;
        },
        trainable.map(([, p]) => p.variable),
      );
      value.dispose();
      return { losses, grads, trainable };
    };
    const { losses, grads, trainable } = run();
    expect(Object.keys(losses)).toEqual(Object.keys(reference.losses));
    for (const [name, expected] of Object.entries(reference.losses))
      expect(Math.abs(losses[name] - expected), `${name}: ${losses[name]} for ${expected}`).toBeLessThan(
        2e-5 * Math.max(1, Math.abs(expected)),
      );
    expect(trainable.map(([name]) => name).sort()).toEqual(Object.keys(reference.grads).sort());
    const largest = Math.max(...Object.values(reference.grads).map(([norm]) => norm));
    for (const [name, p] of trainable) {
      const grad = grads[p.variable.name];
      const values = grad ? inTorchOrder(grad) : new Float32Array(p.variable.size);
      const weights = sgn(name, torchShape(p));
      const norm = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));
      const product = values.reduce((sum, v, i) => sum + v * weights[i], 0);
      const tolerance = 1e-3 * reference.grads[name][0] + 1e-6 * largest;
      expectClose([norm, product], reference.grads[name], tolerance, `gradient of ${name}`);
    }
    tf.dispose(grads);
    if (kind === 'dab' || kind === 'dino') {
      const before = tf.memory().numTensors;
      tf.dispose(run().grads);
      expect(tf.memory().numTensors, 'tensors left behind').toBe(before);
    }
    given.inputs.dispose();
    model.dispose();
  });

  test('detections', () => {
    const model = build(reference).eval();
    const given = batch();
    const found = predict(model, given);
    for (const [i, expected] of reference.predictions.entries()) {
      expectClose(found[i].scores, expected.scores, 2e-5, `scores of image ${i}`);
      expect([...found[i].labels]).toEqual(expected.labels);
      expectClose(found[i].bboxes, expected.bboxes, 2e-2, `boxes of image ${i}`);
    }
    given.inputs.dispose();
    model.dispose();
  });
}

function inTorchOrder(grad: tf.Tensor): Float32Array {
  if (grad.rank !== 4) return grad.dataSync<'float32'>().slice();
  return tf.tidy(() => tf.transpose(grad, [3, 2, 0, 1]).dataSync<'float32'>().slice());
}
