// What the tests of whole two-stage models share: a reference's merged config, its formula image, comparisons with it.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { ModuleConfig } from '../../../src/catalogue/registry';
import type { Detections, PackedSample, Truths } from '../../../src/data/types';
import { buildDetector } from '../../../src/models/build';
import { torchShape } from '../../../src/nn';
import { expectClose, goldenJson, image, nchw } from '../../golden-data';

export interface Summary {
  shape: number[];
  mean: number;
  std: number;
  first8: number[];
  mid8: number[];
}
export interface EndToEnd {
  backbone: Summary[];
  neck: Summary[];
  rpn_cls?: Summary[];
  rpn_reg?: Summary[];
  detections: { bbox: number[]; score: number; label: number }[];
}

export const tidy = <T>(f: () => T): T => tf.tidy(f as () => tf.TensorContainer) as T;
export const none: Truths = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };

/** A merged reference config without its number of classes, which the dataset knows. */
export function modelConfig(name: string): ModuleConfig {
  const { model } = goldenJson<{ merged: { model: Record<string, never> } }>(name).merged;
  const config = structuredClone(model) as unknown as ModuleConfig & {
    roi_head: Record<'bbox_head' | 'mask_head', { num_classes?: number } | undefined>;
  };
  delete config.roi_head.bbox_head?.num_classes;
  delete config.roi_head.mask_head?.num_classes;
  return config;
}

export function sample(truths = none, [height, width] = [128, 160]): PackedSample {
  return {
    image: { data: image(height, width), width, height, order: 'bgr' },
    meta: {
      imgId: 1,
      imgPath: 'formula',
      oriShape: [height, width],
      imgShape: [height, width],
      scaleFactor: [1, 1],
      flip: false,
    },
    truths,
  };
}

export function expectSummaries(levels: tf.Tensor4D[], expected: Summary[], what: string) {
  expect(levels.length).toBe(expected.length);
  for (const [i, level] of levels.entries()) {
    const values = nchw(level);
    const { shape, mean, std, first8, mid8 } = expected[i];
    const [n, h, w, c] = level.shape;
    expect([n, c, h, w]).toEqual(shape);
    const average = values.reduce((a, b) => a + b, 0) / values.length;
    const spread = Math.sqrt(values.reduce((a, b) => a + (b - average) ** 2, 0) / (values.length - 1));
    expectClose([average, spread], [mean, std], 1e-4, `${what} ${i} mean and std`);
    expectClose(values.subarray(0, 8), first8, 1e-4, `${what} ${i} first`);
    const middle = Math.floor(values.length / 2);
    expectClose(values.subarray(middle, middle + 8), mid8, 1e-4, `${what} ${i} middle`);
  }
}

/** Parameters of the model with 80 classes, in the reference's order. */
export function expectParameters(config: ModuleConfig, name: string): void {
  const model = buildDetector(config, { numClasses: 80 });
  const expected = goldenJson<{
    total: number;
    trainable_after_freeze: number;
    state_dict_order: [string, number[]][];
  }>(name);
  expect([...model.named()].map(([key, p]) => [key, torchShape(p)])).toEqual(expected.state_dict_order);
  expect(model.parameterCount()).toBe(expected.total);
  const trainable = model.trainable().reduce((n, [, p]) => n + p.variable.size, 0);
  expect(trainable).toBe(expected.trainable_after_freeze);
  expect(model.numClasses).toBe(80);
  model.dispose();
}

/** Same boxes, scores and labels; neighbours in score may change places where they differ by rounding alone. */
export function expectDetections(found: Detections, expected: EndToEnd['detections'], count = expected.length) {
  expect(found.scores.length).toBe(expected.length);
  const free = new Set(expected.keys());
  for (let i = 0; i < count; i++) {
    expect(Math.abs(found.scores[i] - expected[i].score), `score ${i}`).toBeLessThan(1e-4);
    const box = found.bboxes.subarray(4 * i, 4 * i + 4);
    const match = [...free].find((k) => {
      const { bbox, label, score } = expected[k];
      const near = bbox.every((v, j) => Math.abs(v - box[j]) < 2e-3);
      return near && label === found.labels[i] && Math.abs(score - found.scores[i]) < 1e-4;
    });
    expect(match, `detection ${i}: ${[...box]} ${found.scores[i]} ${found.labels[i]}`).toBeDefined();
    free.delete(match!);
  }
}
