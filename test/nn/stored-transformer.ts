// mmcv's MultiheadAttention and FFN (mha_ffn.safetensors): weights, inputs and outputs.

import * as tf from '@tensorflow/tfjs';
import { expect } from 'vitest';
import type { Module } from '../../src/nn/module';
import { golden } from '../golden-data';

export const { tensors } = golden('mha_ffn');
export const stored = (name: string) => {
  const { data, shape, dtype } = tensors.get(name)!;
  return tf.tensor(data, shape, dtype);
};
export const values = (x: tf.Tensor) => x.dataSync<'float32'>().slice();

/** Loads the file's weights under `prefix`; every parameter must be in it, in the file's order. */
export function loadStored(module: Module, prefix: string): void {
  const state = new Map(
    [...tensors].filter(([n]) => n.startsWith(prefix)).map(([n, t]) => [n.slice(prefix.length), t]),
  );
  const { missing, unexpected, mismatched } = module.loadStateDict(state);
  expect({ missing, unexpected, mismatched }).toEqual({ missing: [], unexpected: [], mismatched: [] });
}
