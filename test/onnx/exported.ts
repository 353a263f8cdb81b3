// What the tests of exported models share: small detectors with weights that find something, and their detections in ONNX Runtime
// beside those of `predict`.

import * as tf from '@tensorflow/tfjs';
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../src/catalogue/registry';
import type { Detections, PackedSample } from '../../src/data/types';
import { clipBoxes } from '../../src/geometry/boxes';
import { aroundRotated, ROTATED } from '../../src/geometry/rotated-boxes';
import { decodeRle, type PanopticSegment, pasteMask, type Rle, rleArea, rleToBox } from '../../src/masks';
import { buildDetector } from '../../src/models/build';
import type { Detector } from '../../src/models/types';
import type { Module } from '../../src/nn';
import { exportDetector, type OnnxFile, type OnnxOptions } from '../../src/onnx/export-detector';
import { Random } from '../../src/random';
import { readingOf, readMask } from './read-masks';
import { segmentsOf } from './read-segments';

export const NUM_CLASSES = 3;
export const SIZE: [number, number] = [96, 128];

export const data_preprocessor = {
  type: 'DetDataPreprocessor',
  mean: [120, 110, 100],
  std: [60, 58, 57],
  bgr_to_rgb: true,
};
export const backbone = { type: 'ResNet', depth: 18, base_channels: 8 };
export const fpn = (more = {}) => ({ type: 'FPN', out_channels: 16, num_outs: 5, ...more });
export const cut = { nms_pre: 60, score_thr: 0.3, nms: { type: 'nms', iou_threshold: 0.5 }, max_per_img: 20 };

/** Weights with which every layer, heads too, gives numbers of about the size of its inputs, so that scores spread. */
export function enliven(module: Module, random: Random): void {
  module.initWeights(random);
  for (const [name, p] of module.named()) {
    if (p.variable.dtype !== 'float32') continue;
    const shape: number[] = p.variable.shape;
    const fanIn = p.layout.kind === 'conv' ? shape[0] * shape[1] * shape[2] : shape.length > 1 ? shape[1] : 0;
    const gaussian = (std: number, mean = 0) =>
      Float32Array.from({ length: p.variable.size }, () => mean + std * random.normal());
    let values: Float32Array;
    const branches = name.includes('.rbr_') ? 3 : 1; // whose outputs are added
    if (fanIn) values = gaussian((name.startsWith('bbox_head') ? 0.6 : 1) / Math.sqrt(branches * fanIn));
    else if (/running_var$/.test(name)) values = gaussian(0.1, 1).map(Math.abs);
    else if (/running_mean$|bias$/.test(name)) values = gaussian(0.1);
    else continue;
    tf.tidy(() => p.variable.assign(tf.tensor(values, shape)));
  }
  module.eval();
}

/** A detector that finds something in noise. */
export function lively(config: ModuleConfig, seed = 2): Detector {
  const model = buildDetector({ data_preprocessor, ...config }, { numClasses: NUM_CLASSES });
  enliven(model, Random.seeded(seed));
  return model;
}

/** An image of noise and blocks, that needs no resizing. */
export function sampleOf(height: number, width: number, seed: number): PackedSample {
  const random = Random.seeded(seed);
  const data = new Uint8Array(height * width * 3);
  for (let i = 0; i < data.length; i++) data[i] = Math.floor(random.uniform() * 100) + ((i >> 5) % 3) * 60;
  const meta = { imgId: seed, imgPath: `noise ${seed}`, oriShape: [height, width], imgShape: [height, width] };
  return {
    image: { data, width, height, order: 'bgr' },
    meta: { ...meta, scaleFactor: [1, 1], flip: false } as PackedSample['meta'],
    truths: { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) },
  };
}

export const exportOptions: OnnxOptions = {
  nms: true,
  size: SIZE,
  batch: 1,
  dynamicSize: false,
  dynamicBatch: false,
  precision: 'float32',
  divisor: 32,
};

export function exported(model: Detector, options: Partial<OnnxOptions> = {}): OnnxFile {
  return exportDetector(model, { ...exportOptions, ...options }, { name: 'test', version: '0', metadata: {} });
}

export async function session({ bytes }: OnnxFile): Promise<ort.InferenceSession> {
  return ort.InferenceSession.create(bytes, { logSeverityLevel: 3, intraOpNumThreads: 1 });
}

/** The batch as the graph reads it. */
export function feeds(model: Detector, samples: PackedSample[], names: readonly string[]): Record<string, ort.Tensor> {
  const { inputs } = model.preprocess(samples);
  const moved = tf.tidy(() => tf.transpose(inputs, [0, 3, 1, 2]).dataSync<'float32'>().slice());
  const [n, h, w] = inputs.shape;
  inputs.dispose();
  const sizes = Float32Array.from(samples.flatMap(({ meta }) => meta.imgShape));
  return {
    images: new ort.Tensor('float32', moved, [n, 3, h, w]),
    ...(names.includes('image_sizes') && { image_sizes: new ort.Tensor('float32', sizes, [n, 2]) }),
  };
}

/**
 * Detections of each image, without what fills the table up; masks pasted into an image of the size.
 *
 * @param input size of what the graph was given, with what pads it
 */
export function detectionsOf(
  results: ort.InferenceSession.OnnxValueMapType,
  [height, width]: readonly number[] = SIZE,
  reading?: ReturnType<typeof readingOf>,
  input: readonly number[] = [height, width],
): Detections[] {
  const [, , ...grid] = results.masks?.dims ?? [];
  const area = grid.reduce((product, side) => product * side, 1);
  const maskOf = (k: number) => {
    const cells = (results.masks.data as Float32Array).subarray(k * area, (k + 1) * area);
    const box = (results.boxes.data as Float32Array).subarray(4 * k, 4 * k + 4);
    if (reading) return readMask(cells, grid, reading, { size: [height, width], input, box });
    return pasteMask(cells, [grid[0], grid[1]], box, { height, width, threshold: 0.5 });
  };
  const [n, m] = results.scores.dims;
  const numbers = results.boxes.dims[2];
  const scores = results.scores.data as Float32Array;
  const labels = results.labels.data as BigInt64Array;
  const boxes = results.boxes.data as Float32Array;
  const points = results.keypoints?.data as Float32Array | undefined;
  const ofEach = points ? points.length / (n * m) : 0;
  return Array.from({ length: n }, (_, i) => {
    const rows = Array.from({ length: m }, (_row, k) => i * m + k).filter((k) => labels[k] >= 0n);
    const table = Float32Array.from(rows.flatMap((k) => [...boxes.subarray(numbers * k, numbers * (k + 1))]));
    return {
      ...(numbers === ROTATED ? { bboxes: aroundRotated(table), rboxes: table } : { bboxes: table }),
      scores: Float32Array.from(rows, (k) => scores[k]),
      labels: Int32Array.from(rows, (k) => Number(labels[k])),
      ...(points && {
        keypoints: Float32Array.from(rows.flatMap((k) => [...points.subarray(ofEach * k, ofEach * (k + 1))])),
      }),
      ...(results.masks && { masks: rows.map(maskOf) }),
    };
  });
}

export interface Difference {
  count: number;
  box: number;
  score: number;
  /** Of the masks, pasted: pixels that differ, in shares of the larger one. */
  mask: number;
  /** Of the masks those that are neither almost empty nor almost a rectangle. */
  shaped: number;
  segments: number;
}

function isShaped(mask: Rle): boolean {
  const [, , width, height] = rleToBox(mask);
  return rleArea(mask) > 4 && rleArea(mask) < 0.95 * width * height;
}

function maskGap(a: Rle, b: Rle): number {
  const [one, other] = [decodeRle(a), decodeRle(b)];
  const differing = one.reduce((count, v, i) => count + (v === other[i] ? 0 : 1), 0);
  return differing / Math.max(rleArea(a), rleArea(b), 1);
}

/** Of the keypoints of detections `i` and `k`. */
function keypointGap({ keypoints, scores }: Detections, expected: Detections, i: number, k: number) {
  const width = (keypoints?.length ?? 0) / scores.length;
  const gaps = Array.from({ length: width }, (_, c) =>
    Math.abs(keypoints![width * i + c] - expected.keypoints![width * k + c]),
  );
  return {
    place: Math.max(0, ...gaps.filter((_, c) => c % 3 < 2)),
    score: Math.max(0, ...gaps.filter((_, c) => c % 3 === 2)),
  };
}

/** The largest differences between detections and their counterparts; every detection must have one. */
export function difference(found: Detections, expected: Detections, within = { box: 1e-2, score: 1e-4 }): Difference {
  expect(found.scores.length, 'number of detections').toBe(expected.scores.length);
  const free = new Set(expected.scores.keys());
  const largest = { count: found.scores.length, box: 0, score: 0, mask: 0, shaped: 0, segments: 0 };
  for (const [i, score] of found.scores.entries()) {
    const gap = (one: Float32Array, other: Float32Array, k: number, width: number) =>
      Math.max(...Array.from({ length: width }, (_, c) => Math.abs(one[width * i + c] - other[width * k + c])));
    const turned = (k: number) => (found.rboxes ? gap(found.rboxes, expected.rboxes!, k, ROTATED) : 0);
    const posed = (k: number) => keypointGap(found, expected, i, k);
    const gaps = (k: number) => ({
      box: Math.max(gap(found.bboxes, expected.bboxes, k, 4), turned(k), posed(k).place),
      score: Math.max(Math.abs(score - expected.scores[k]), posed(k).score),
    });
    const match = [...free].find((k) => {
      const { box, score: gap } = gaps(k);
      return expected.labels[k] === found.labels[i] && box <= within.box && gap <= within.score;
    });
    const shown = `detection ${i}: label ${found.labels[i]}, score ${score}, box ${found.bboxes.subarray(4 * i, 4 * i + 4)}`;
    expect(match, shown).toBeDefined();
    free.delete(match!);
    const matched = gaps(match!);
    largest.box = Math.max(largest.box, matched.box);
    largest.score = Math.max(largest.score, matched.score);
    if (!found.masks !== !expected.masks || !found.keypoints !== !expected.keypoints)
      throw new Error(`of the detections one has masks or keypoints that the other has not`);
    if (found.masks && expected.masks) {
      if (isShaped(expected.masks[match!])) largest.shaped++;
      largest.mask = Math.max(largest.mask, maskGap(found.masks[i], expected.masks[match!]));
    }
  }
  const segments = segmentGaps(found.panoptic ?? [], expected.panoptic ?? [], within.score);
  return { ...largest, mask: Math.max(largest.mask, ...segments), segments: segments.length };
}

/** Of every segment, in order, the share of its pixels that differ. */
function segmentGaps(found: readonly PanopticSegment[], expected: readonly PanopticSegment[], score: number): number[] {
  const facts = (all: readonly PanopticSegment[]) => all.map(({ label, isThing }) => ({ label, isThing }));
  expect(facts(found), 'segments').toEqual(facts(expected));
  return found.map((segment, i) => {
    expect(Math.abs((segment.score ?? 0) - (expected[i].score ?? 0)), `score of segment ${i}`).toBeLessThanOrEqual(
      score,
    );
    return maskGap(segment.mask, expected[i].mask);
  });
}

/** Exports, runs and compares; the largest differences over all images. */
export async function compare(
  model: Detector,
  samples: PackedSample[],
  options: Partial<OnnxOptions> = {},
  within?: { box: number; score: number },
): Promise<Difference> {
  const file = exported(model, { batch: samples.length, ...options });
  return compareFile(model, file, samples, within);
}

export async function compareFile(
  model: Detector,
  file: OnnxFile,
  samples: PackedSample[],
  within?: { box: number; score: number },
  more: Record<string, ort.Tensor> = {},
): Promise<Difference> {
  const running = await session(file);
  const given = feeds(model, samples, file.inputs);
  const results = await running.run({ ...given, ...more });
  const size = samples[0].meta.imgShape;
  const found = detectionsOf(results, size, readingOf(file), given.images.dims.slice(2)).map((image, i) =>
    results.segments ? { ...image, ...segmentsOf(results, i, size, file) } : image,
  );
  const batch = model.preprocess(samples);
  let expected: Detections[] = [];
  tf.tidy(() => {
    expected = model.predict(batch, { rescale: false });
  });
  batch.inputs.dispose();
  await running.release();
  // MMYOLO's heads clip at last, to the original image
  const inside = (all: Detections, i: number) => ({ ...all, bboxes: clipBoxes(all.bboxes, samples[i].meta.imgShape) });
  const each = found.map((detections, i) => difference(inside(detections, i), inside(expected[i], i), within));
  return {
    count: Math.min(...each.map(({ count }) => count)),
    box: Math.max(...each.map(({ box }) => box)),
    score: Math.max(...each.map(({ score }) => score)),
    mask: Math.max(...each.map(({ mask }) => mask)),
    shaped: Math.min(...each.map(({ shaped }) => shaped)),
    segments: Math.min(...each.map(({ segments }) => segments)),
  };
}
