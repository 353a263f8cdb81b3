// What Python torch computes with layers and operations (layers.json), and the inputs it was given.

import type * as tf from '@tensorflow/tfjs';
import { assignState, type Parameter } from '../src/nn/module';
import { goldenJson, nhwc, sgn } from './golden-data';

/** Shapes, maps and filters are in torch's order. */
export interface TorchCase {
  shape: number[];
  out: number[];
  grads: number[][];
}
export const torchCases = goldenJson<Record<string, TorchCase>>('layers');

/** A map [N, C, H, W] of formula values, as [N, H, W, C]. */
export const map = (name: string, shape: number[], scale = 1): tf.Tensor4D =>
  nhwc({ shape, data: sgn(name, shape, scale) });

export const setParameter = (p: Parameter, shape: number[], data: Float32Array): void =>
  assignState(p, { shape, data, dtype: 'float32' });
export const dataOf = (p: Parameter): Float32Array => p.variable.dataSync<'float32'>().slice();
