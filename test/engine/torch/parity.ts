// Runs the same tfjs code on the torch backend and on tfjs's own cpu backend, whose stock kernels and gradients are the
// reference.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';

/** Pseudo-random values in [-1, 1), the same on every backend. */
export function values(shape: number[], seed: number): tf.Tensor {
  let state = (seed * 2654435761) >>> 0;
  const data = Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 31 - 1;
  });
  return tf.tensor(data, shape);
}

export interface Outcome {
  shape: number[];
  dtype: string;
  data: number[];
}

type Case = () => tf.Tensor | tf.Tensor[];

function outcomes(backend: string, run: Case): Outcome[] {
  tf.setBackend(backend);
  const result = tf.tidy(() => {
    const out = run();
    return Array.isArray(out) ? out : [out];
  });
  const read = result.map((t) => ({ shape: t.shape, dtype: t.dtype, data: Array.from(t.dataSync() as Float32Array) }));
  tf.dispose(result);
  return read;
}

export function closeTo(actual: Outcome, expected: Outcome, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  expect(actual.dtype).toBe(expected.dtype);
  const scale = expected.data.reduce((most, v) => (Number.isFinite(v) ? Math.max(most, Math.abs(v)) : most), 1);
  actual.data.forEach((value, i) => {
    const reference = expected.data[i];
    if (Number.isNaN(reference) || !Number.isFinite(reference)) expect(value).toBe(reference);
    else if (!(Math.abs(value - reference) <= tolerance * scale))
      throw new Error(`element ${i}: expected ${reference}, received ${value}`);
  });
}

/** Expects the torch backend to give what tfjs's cpu backend gives. */
export function matchesCpu(run: Case, tolerance = 2e-5): void {
  const expected = outcomes('cpu', run);
  const actual = outcomes('torch', run);
  expect(actual.length).toBe(expected.length);
  for (const [i, outcome] of actual.entries()) closeTo(outcome, expected[i], tolerance);
}

/** Runs a kernel of the torch engine by its name. */
export const runKernel = <T>(name: string, inputs: Record<string, tf.Tensor | undefined>, attrs: object): T =>
  tf.engine().runKernel(name, inputs as never, attrs as never) as unknown as T;

export const outcomeOf = (t: tf.Tensor): Outcome => ({
  shape: t.shape,
  dtype: t.dtype,
  data: Array.from(t.dataSync()),
});

/** A sum that depends on every element differently. */
export const weigh = (y: tf.Tensor) => tf.sum(tf.mul(y, values(y.shape, 77)));

/** DetConv2D of 3x3 filters, unless `over` says otherwise. */
export const convolve = (x: tf.Tensor, filter: tf.Tensor, over: object = {}, more: Record<string, tf.Tensor> = {}) =>
  runKernel<tf.Tensor>(
    'DetConv2D',
    { x, filter, ...more },
    { strides: [1, 1], padding: [1, 1], dilations: [1, 1], groups: 1, activation: 'linear', ...over },
  );

const rois = () =>
  tf.tensor2d([
    [0, 1, 1, 6, 6],
    [0, 2, 3, 7, 5],
  ]);

/** RoIAlign of two regions of the first image. */
export const align = (x: tf.Tensor, samplingRatio = 2) =>
  runKernel<tf.Tensor>(
    'DetRoIAlign',
    { x, rois: rois() },
    { outputSize: [3, 3], spatialScale: 1, samplingRatio, aligned: true },
  );
