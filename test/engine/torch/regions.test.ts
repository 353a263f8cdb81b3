// The torch engine's kernels on boxes and regions: suppression and RoIAlign.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { closeTo, type Outcome, values } from './parity';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
});

type Named = Record<string, tf.Tensor>;
const run = <T>(name: string, inputs: Named, attrs: object): T =>
  tf.engine().runKernel(name, inputs as never, attrs as never) as unknown as T;
const read = (t: tf.Tensor): Outcome => ({ shape: t.shape, dtype: t.dtype, data: Array.from(t.dataSync()) });
const weigh = (y: tf.Tensor) => tf.sum(tf.mul(y, values(y.shape, 77)));

describe('DetNMS', () => {
  it('keeps the better box, the first of equals, and every box on its own', () => {
    const boxes = tf.tensor2d([[0, 0, 10, 10], [1, 0, 11, 10], [0, 0, 10, 10], [50, 50, 60, 60]]); // biome-ignore format: one line
    const keep = (scores: number[], iouThreshold: number) =>
      Array.from(
        run<tf.Tensor>('DetNMS', { boxes, scores: tf.tensor1d(scores) }, { iouThreshold, offset: 0 }).dataSync(),
      );
    expect(keep([0.5, 0.9, 0.5, 0.1], 0.5)).toEqual([1, 3]);
    expect(keep([0.5, 0.5, 0.5, 0.5], 0.9)).toEqual([0, 1, 3]);
    expect(keep([0.1, 0.2, 0.3, 0.4], 1)).toEqual([3, 2, 1, 0]);
  });
  it('suppresses strictly above the threshold', () => {
    const boxes = tf.tensor2d([
      [0, 0, 2, 1],
      [0, 0, 1, 1],
    ]); // IoU exactly 0.5
    const kept = run<tf.Tensor>('DetNMS', { boxes, scores: tf.tensor1d([1, 0.5]) }, { iouThreshold: 0.5, offset: 0 });
    expect(Array.from(kept.dataSync())).toEqual([0, 1]);
  });
  it('takes no boxes and refuses wrong shapes', () => {
    const none = run<tf.Tensor>(
      'DetNMS',
      { boxes: tf.zeros([0, 4]), scores: tf.zeros([0]) },
      { iouThreshold: 0.5, offset: 0 },
    );
    expect(none.shape).toEqual([0]);
    expect(() =>
      run('DetNMS', { boxes: tf.zeros([2, 5]), scores: tf.zeros([2]) }, { iouThreshold: 0.5, offset: 0 }),
    ).toThrow(/boxes must be/);
  });
  it('does ten thousand boxes in well under a second', () => {
    const corners = tf.mul(tf.add(values([10000, 2], 1), 1), 400);
    const boxes = tf.concat([corners, tf.add(corners, tf.mul(tf.add(values([10000, 2], 2), 1.1), 20))], 1);
    const scores = values([10000], 3);
    scores.dataSync();
    const start = performance.now();
    run<tf.Tensor>('DetNMS', { boxes, scores }, { iouThreshold: 0.7, offset: 0 }).dataSync();
    expect(performance.now() - start).toBeLessThan(2000);
  });
});

describe('DetRoIAlign', () => {
  const rois = () => tf.tensor2d([[0, 1, 1, 40, 30], [1, 20, 10, 25, 60], [0, -9, -9, -3, -3], [1, 5, 5, 5, 5], [1, 0, 0, 200, 90]]); // biome-ignore format: one line
  const attrs = (over: object = {}) => ({
    outputSize: [3, 4],
    spatialScale: 0.25,
    samplingRatio: 0,
    aligned: true,
    ...over,
  });
  const align = (x: tf.Tensor, over: object = {}) => run<tf.Tensor>('DetRoIAlign', { x, rois: rois() }, attrs(over));

  it('agrees, forward and gradient, with its composition of plain operations', () => {
    // inside two gradients the engine computes by plain differentiable operations
    for (const over of [{}, { samplingRatio: 2 }, { aligned: false }, { aligned: false, samplingRatio: 2 }]) {
      const x = values([2, 16, 20, 70], 1);
      const fused = tf.grad((t) => weigh(align(t, over)))(x);
      let composed!: tf.Tensor;
      let value!: tf.Tensor;
      tf.grad((t) => {
        composed = tf.keep(
          tf.grad((u) => {
            const y = align(u, over);
            value = tf.keep(y.clone());
            return weigh(y);
          })(t),
        );
        return tf.sum(tf.square(t));
      })(x);
      closeTo(read(value), read(align(x, over)), 1e-5);
      closeTo(read(composed), read(fused), 1e-5);
    }
  });

  it('gives the same bits twice and sums a constant map to the constant', () => {
    const x = values([2, 16, 20, 70], 1);
    const bits = () =>
      Array.from(
        new Uint32Array(
          tf
            .grad((t) => weigh(align(t)))(x)
            .dataSync().buffer,
        ),
      );
    expect(bits()).toEqual(bits());
    const inside = tf.slice(align(tf.ones([2, 16, 20, 2])), [0, 0, 0, 0], [1, -1, -1, -1]);
    for (const value of inside.dataSync()) expect(value).toBeCloseTo(1, 5);
  });

  it('takes no regions and refuses bad ones', () => {
    const x = values([2, 16, 20, 3], 1);
    const empty = run<tf.Tensor>('DetRoIAlign', { x, rois: tf.zeros([0, 5]) }, attrs());
    expect(empty.shape).toEqual([0, 3, 4, 3]);
    const g = tf.grad((t) =>
      tf.add(tf.sum(run<tf.Tensor>('DetRoIAlign', { x: t, rois: tf.zeros([0, 5]) }, attrs())), tf.sum(t)),
    )(x);
    expect(g.dataSync()[0]).toBe(1);
    const bad = (row: number[]) => () => run('DetRoIAlign', { x, rois: tf.tensor2d([row]) }, attrs());
    expect(bad([2, 0, 0, 9, 9])).toThrow(/image 2/);
    expect(bad([0, 0, 0, Number.NaN, 9])).toThrow(/finite/);
  });
});
