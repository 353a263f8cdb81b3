// RoIAlign of the torch engine.

import * as tf from '@tensorflow/tfjs';
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startEngine } from '../../../src/engine';
import { closeTo, outcomeOf, runKernel, values, weigh } from '../../engine/torch/parity';

beforeAll(async () => {
  await startEngine({ engine: 'torch' });
});
beforeEach(() => {
  tf.setBackend('torch');
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
  const align = (x: tf.Tensor, over: object = {}) =>
    runKernel<tf.Tensor>('DetRoIAlign', { x, rois: rois() }, attrs(over));

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
      closeTo(outcomeOf(value), outcomeOf(align(x, over)), 1e-5);
      closeTo(outcomeOf(composed), outcomeOf(fused), 1e-5);
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
    const empty = runKernel<tf.Tensor>('DetRoIAlign', { x, rois: tf.zeros([0, 5]) }, attrs());
    expect(empty.shape).toEqual([0, 3, 4, 3]);
    const g = tf.grad((t) =>
      tf.add(tf.sum(runKernel<tf.Tensor>('DetRoIAlign', { x: t, rois: tf.zeros([0, 5]) }, attrs())), tf.sum(t)),
    )(x);
    expect(g.dataSync()[0]).toBe(1);
    const bad = (row: number[]) => () => runKernel('DetRoIAlign', { x, rois: tf.tensor2d([row]) }, attrs());
    expect(bad([2, 0, 0, 9, 9])).toThrow(/image 2/);
    expect(bad([0, 0, 0, Number.NaN, 9])).toThrow(/finite/);
  });
});
