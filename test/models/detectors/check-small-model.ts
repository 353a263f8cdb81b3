// A small whole model against MMDetection's: parameters, losses, gradients and detections, on two images by formula.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../../src/data/types';
import type { PanopticSegment, SemanticMap } from '../../../src/masks';
import { countsFromString, decodeRle, polygonsToRle } from '../../../src/masks';
import { buildDetector } from '../../../src/models/build';
import { BiMultiHeadAttention } from '../../../src/models/layers/bi-attention';
import type { DetBatch, Detector } from '../../../src/models/types';
import { torchShape } from '../../../src/nn';
import { Random } from '../../../src/random';
import '../../../src/text/read-text-model';
import { parseLosses } from '../../../src/training/gradients';
import { expectClose, fillByFormula, image } from '../../golden-data';

interface ExpectedTraining {
  /** Passes whose losses are computed; the last one's are compared. */
  steps?: number;
  /** Iterations of the run before; 0 when absent. */
  iteration?: number;
  /** Empty for heads that only predict in the reference. */
  losses: Record<string, number>;
  grad_norms: Record<string, number>;
}
interface Expected extends ExpectedTraining {
  config: ModuleConfig;
  extra_rules?: [string, number][];
  /** [pattern, value] of parameters that the formula does not fill. */
  constants?: [string, number][];
  /** Regions to ignore in the first image. */
  ignored?: number[][];
  /** The class of all boxes, in place of the file's. */
  label?: number;
  /** Names that are to be found in each image. */
  texts?: string[][];
  /** False: samples have no semantic map. */
  semantic?: boolean;
  /** Of the boxes of an image, which are rotated: radians. */
  angles?: number[];
  /** [height, width] of each image, when the rest of it is cut off. */
  sizes?: [number, number][];
  params: [string, number[]][];
  detections: {
    bboxes: number[][];
    scores: number[];
    labels: number[];
    masks?: string[];
    keypoints?: number[][];
    mask_size?: [number, number];
  }[];
  /** Of each image [label, mask] of every segment, in any order. */
  panoptic?: [number, string][][];
}
/** A file of such models (generate/zoo.py, generate/two_stage.py). */
export interface SmallModels {
  /** Of all models of the file. */
  extra_rules?: [string, number][];
  truths: { bboxes: number[][]; labels: number[] }[];
  proposals?: number[][][];
  outlines: number[][][];
  models: Record<string, Expected>;
}
const [H, W] = [96, 128];

// Relative, of losses and of gradient norms. A model that needs more is ill-conditioned or wrong: generate/zoo_float64.py tells which.
const LOSS_TOLERANCE = 2e-5;
const GRADIENT_TOLERANCE = 1e-3;

/** The formula image, and the same upside down. */
function samples(
  golden: SmallModels,
  {
    ignored = [],
    label,
    semantic = true,
    texts,
    angles,
    sizes,
  }: Pick<Expected, 'ignored' | 'label' | 'semantic' | 'texts' | 'angles' | 'sizes'>,
): PackedSample[] {
  return golden.truths.map(({ bboxes, labels }, i) => {
    const [height, width] = sizes?.[i] ?? [H, W];
    const whole = image(H, W);
    const data = new Uint8Array(height * width * 3);
    for (let y = 0; y < height; y++) {
      const row = i === 0 ? y : H - 1 - y; // the second is upside down
      data.set(whole.subarray(row * W * 3, (row * W + width) * 3), y * width * 3);
    }
    const regions = i === 0 ? ignored : [];
    const masks = golden.outlines[i].map((outline) => polygonsToRle([outline], height, width));
    const boxes = golden.proposals?.[i];
    return {
      image: { data, width, height, order: 'bgr' },
      meta: {
        imgId: i,
        imgPath: `formula ${i}`,
        oriShape: [2 * height, width],
        imgShape: [height, width],
        scaleFactor: [1, 0.5],
        flip: false,
      },
      ...(texts && { prompt: { text: texts[i] } }),
      truths: {
        bboxes: Float32Array.from([...bboxes, ...regions].flat()),
        labels: Int32Array.from([...labels, ...regions.map(() => 0)], (one) => label ?? one),
        ignored: Uint8Array.from([...labels.map(() => 0), ...regions.map(() => 1)]),
        ...(angles ? { rboxes: turnedBoxes(bboxes, angles) } : { masks: { kind: 'bitmap', height, width, masks } }),
        ...(regions.length === 0 && {
          keypoints: { kind: 'keypoints', points: keypointsIn(bboxes), flipIndices: MIRRORED },
        }),
      },
      ...(semantic && { semantic: semanticMap(i, height, width) }),
      ...(boxes
        ? { proposals: { bboxes: Float32Array.from(boxes.flat()), scores: new Float32Array(boxes.length).fill(1) } }
        : {}),
    };
  });
}

const MIRRORED = Array.from({ length: 17 }, (_, k) => k);

/** x, y and visibility of 17 keypoints of each box, as zoo.py has them. */
const keypointsIn = (boxes: number[][]): Float32Array =>
  Float32Array.from(
    boxes.flatMap(([x1, y1, x2, y2]) =>
      MIRRORED.flatMap((k) => [
        x1 + (x2 - x1) * ((k * 0.618 + 0.1) % 1),
        y1 + (y2 - y1) * ((k * 0.414 + 0.2) % 1),
        k % 3 > 0 ? 1 : 0,
      ]),
    ),
  );

/** Boxes turned about their centers. */
const turnedBoxes = (boxes: number[][], angles: readonly number[]): Float32Array =>
  Float32Array.from(
    boxes.flatMap(([x1, y1, x2, y2], k) => [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1, angles[k]]),
  );

const semanticMap = (i: number, height: number, width: number): SemanticMap => ({
  data: Uint8Array.from({ length: height * width }, (_, p) => {
    const kind = (Math.floor((p % width) / 16) + Math.floor(p / width / 16) + i) % 5;
    return kind === 4 ? 255 : kind;
  }),
  width,
  height,
});

/** Numbers i times the golden ratio, mod 1, and the order there is: what zoo.py has in place of random numbers. */
export function goldenNumbers(): Random {
  const random = Random.seeded(0);
  let i = 0;
  random.uniform = (low = 0, high = 1) => low + (high - low) * ((i++ * 0.6180339887498949) % 1);
  random.normal = (mean = 0, std = 1) => mean + std * (2 * random.uniform() - 1); // semi_models.py
  random.integer = (n) => Math.floor(random.uniform() * n);
  random.permutation = (n, take = n) => Int32Array.from({ length: Math.min(n, take) }, (_, k) => k);
  return random;
}

/** Losses and the norm of each gradient. */
export function checkTraining(model: Detector, batch: DetBatch, expected: ExpectedTraining): void {
  const parameters = model.trainable();
  const variables = parameters.map(([, p]) => p.variable);
  const { iteration = 0 } = expected;
  for (let step = 1; step < (expected.steps ?? 1); step++)
    tf.tidy(() => void model.loss(batch, { random: goldenNumbers(), epoch: 0, iteration }));
  tf.tidy(() => {
    let found: Record<string, number> = {};
    const { value, grads } = tf.variableGrads(() => {
      const parsed = parseLosses(model.loss(batch, { random: goldenNumbers(), epoch: 0, iteration }));
      found = Object.fromEntries(parsed.names.map((key, i) => [key, parsed.values[i].arraySync()]));
      return parsed.total;
    }, variables);
    expect(Object.keys(found)).toEqual(Object.keys(expected.losses).filter((key) => key !== 'loss'));
    const { loss: sum, ...parts } = expected.losses;
    for (const [key, wanted] of Object.entries({ ...parts, loss: sum })) {
      const loss = key === 'loss' ? value.arraySync() : found[key];
      expect(Math.abs(loss - wanted), `${key}: ${loss} for ${wanted}`).toBeLessThan(
        LOSS_TOLERANCE * Math.abs(wanted) + 1e-6,
      );
    }
    expect(parameters.map(([key]) => key)).toEqual(Object.keys(expected.grad_norms));
    for (const [i, [key]] of parameters.entries()) {
      // a layer that nothing reads has none, there as here
      const gradient: tf.Tensor | null = grads[variables[i].name];
      const norm = gradient ? (tf.norm(gradient) as tf.Scalar).arraySync() : 0;
      const wanted = expected.grad_norms[key];
      // shifts all scores of a query alike, which changes nothing: there are rounding errors alone
      if (/attention\.self\.key\.bias$/.test(key)) continue;
      // shifts what a norm in training takes the mean from: rounding errors alone too
      if (/neck\.input_proj\.\d\.bn\.bias$/.test(key) && wanted < 1e-4) {
        expect(norm, key).toBeLessThan(1e-4);
        continue;
      }
      expect(Math.abs(norm - wanted), `gradient of ${key}: ${norm} for ${wanted}`).toBeLessThan(
        GRADIENT_TOLERANCE * wanted + 1e-6,
      );
    }
  });
}

export function checkSmallModel(golden: SmallModels, name: string): void {
  const expected = golden.models[name];
  const model = buildDetector(expected.config);
  expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.params);
  fillByFormula(model, '', expected.extra_rules ?? golden.extra_rules);
  const { teacher } = model;
  if (teacher && ![...model.children()].some(([, part]) => part === teacher))
    fillByFormula(teacher, '', expected.extra_rules);
  for (const [pattern, value] of expected.constants ?? [])
    for (const [key, { variable }] of model.named())
      if (new RegExp(pattern).test(key)) tf.tidy(() => variable.assign(tf.fill(variable.shape, value)));
  // what cannot be configured
  for (const [, part] of model.modules()) if (part instanceof BiMultiHeadAttention) part.dropout = 0;
  model.train();
  const batch = model.preprocess(samples(golden, expected));
  if (Object.keys(expected.losses).length > 0) checkTraining(model, batch, expected);
  model.eval();
  let results: Detections[] = [];
  tf.tidy(() => void model.predict(batch)); // frozen norms are folded the first time
  const before = tf.memory().numTensors;
  tf.tidy(() => {
    results = model.predict(batch);
  });
  expect(tf.memory().numTensors).toBe(before);
  for (const [i, { bboxes, scores, labels, masks, mask_size, keypoints }] of expected.detections.entries()) {
    const own = results[i];
    expect(own.scores.length).toBe(scores.length);
    const free = new Set(scores.keys());
    for (let k = 0; k < scores.length; k++) {
      const box = own.rboxes?.subarray(5 * k, 5 * k + 5) ?? own.bboxes.subarray(4 * k, 4 * k + 4);
      // neighbours in score may change places where they differ by rounding alone
      const distance = (j: number) => Math.abs(scores[j] - own.scores[k]);
      const [match] = [...free]
        .filter(
          (j) =>
            distance(j) < 1e-4 && labels[j] === own.labels[k] && bboxes[j].every((v, c) => Math.abs(v - box[c]) < 5e-3),
        )
        .sort((a, b) => distance(a) - distance(b));
      expect(match, `image ${i}, detection ${k}: ${[...box]} ${own.scores[k]} ${own.labels[k]}`).toBeDefined();
      free.delete(match!);
      if (keypoints)
        expectClose(
          own.keypoints!.subarray(51 * k, 51 * k + 51),
          keypoints[match!],
          5e-3,
          `keypoints ${k} of image ${i}`,
        );
      if (!masks || !mask_size) continue;
      const wanted = decodeRle({
        height: mask_size[0],
        width: mask_size[1],
        counts: countsFromString(masks[match!]),
      });
      const mask = own.masks![k];
      expect([mask.height, mask.width]).toEqual(mask_size);
      const differing = decodeRle(mask).reduce((n, v, p) => n + (v === wanted[p] ? 0 : 1), 0);
      // a pixel whose probability is one half but for rounding
      expect(differing, `mask ${k} of image ${i}`).toBeLessThanOrEqual(2);
    }
    if (!masks) expect(own.masks).toBeUndefined();
  }
  for (const [i, segments] of (expected.panoptic ?? []).entries())
    checkSegments(results[i].panoptic ?? [], segments, `image ${i}`);
  batch.inputs.dispose();
  model.dispose();
}

/** Segments may come in any order; a pixel at a border may differ where probabilities do by rounding alone. */
function checkSegments(own: readonly PanopticSegment[], segments: readonly [number, string][], image: string): void {
  expect(own.map(({ label }) => label).sort()).toEqual(segments.map(([label]) => label).sort());
  const free = new Set(own.keys());
  for (const [label, counts] of segments) {
    const match = [...free].find((k) => {
      const { height, width } = own[k].mask;
      const wanted = decodeRle({ height, width, counts: countsFromString(counts) });
      const differing = decodeRle(own[k].mask).reduce((n, v, p) => n + (v === wanted[p] ? 0 : 1), 0);
      return own[k].label === label && differing <= 3;
    });
    expect(match, `${image}: a segment of class ${label}`).toBeDefined();
    free.delete(match!);
  }
}
