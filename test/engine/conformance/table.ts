// The stored cases (inputs, attributes, reference outputs and gradients) and the operations that run them.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { readSafetensors } from '../../../src/checkpoints/safetensors-file';
import { detection } from './detection';
import { elementwise } from './elementwise';
import type { Inputs, Operations } from './operation';
import { products } from './products';
import { reductions } from './reductions';
import { shapes } from './shapes';
import { transformers } from './transformers';

type DType = 'float32' | 'int32' | 'bool';

export interface StoredCase {
  name: string;
  op: string;
  attrs: Record<string, never>;
  inputs: { name: string; key: string; dtype: DType; shape: number[] }[];
  /** `weight` names the tensor that the output is multiplied with before summing, for the gradient. */
  outputs: { key: string; dtype: DType; shape: number[]; weight?: string }[];
  gradients: { name: string; key: string }[];
}

export interface StoredOptimizerRun {
  name: string;
  options: { lr: number; momentum?: number; weight_decay?: number; dampening?: number; nesterov?: boolean };
  maxNorm: number | null;
  shapes: number[][];
  /** Joint norm before clipping, per step. */
  norms: number[];
}

const folder = join(__dirname, '../../golden/engine');
const stored = JSON.parse(readFileSync(join(folder, 'conformance.json'), 'utf8')) as {
  cases: StoredCase[];
  optimizers: StoredOptimizerRun[];
};
const { tensors } = readSafetensors(join(folder, 'conformance.safetensors'));

export const cases = stored.cases;
export const optimizerRuns = stored.optimizers;
export const operations: Operations = {
  ...elementwise,
  ...reductions,
  ...shapes,
  ...products,
  ...detection,
  ...transformers,
};

/** The numbers stored under `key`. */
export function reference(key: string): Float32Array | Int32Array {
  const found = tensors.get(key);
  if (!found) throw new Error(`Cannot find "${key}" in conformance.safetensors: run test/golden/engine/generate.py`);
  return found.data;
}

export function storedTensor(key: string, shape: number[], dtype: DType = 'float32'): tf.Tensor {
  const data = reference(key);
  return dtype === 'bool' ? tf.tensor(Uint8Array.from(data), shape, 'bool') : tf.tensor(data, shape, dtype);
}

export function inputsOf(stored: StoredCase): Inputs {
  return Object.fromEntries(stored.inputs.map((i) => [i.name, storedTensor(i.key, i.shape, i.dtype)]));
}
