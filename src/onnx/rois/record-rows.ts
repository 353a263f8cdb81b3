// A part of a second stage on rows of RoIs, recorded with several numbers of rows, so that the graph holds for any.

import * as tf from '@tensorflow/tfjs';
import { Dimensions } from '../dimensions';
import { lowerTapes } from '../lower-tapes';
import type { LoweringContext } from '../lowering';
import { type ParameterNames, recordTape } from '../tape';

/** Numbers of rows, which are no size of anything else. */
const COUNTS = [13, 11, 17];

export interface RowInput {
  value: string;
  layout: 'same' | 'channels-first';
  /** In TensorFlow.js, without the axis of the rows. */
  shape: readonly number[];
  dtype?: 'float32' | 'int32';
}

/** Values of the graph, float32 with the axes of TensorFlow.js, and their shapes without the axis of the rows. */
export interface RowOutput {
  value: string;
  shape: number[];
}

/** @param part what is recorded, for errors */
export function recordRows(
  inputs: readonly RowInput[],
  forward: (tensors: tf.Tensor[]) => tf.Tensor[],
  names: ParameterNames,
  { graph, precision }: LoweringContext,
  part: string,
): RowOutput[] {
  const tapes = COUNTS.map((count) => {
    const examples = inputs.map(({ shape, dtype = 'float32' }) => exampleOf([count, ...shape], dtype));
    try {
      return recordTape(examples, () => forward(examples), names);
    } finally {
      tf.dispose(examples);
    }
  });
  const context = { graph, dimensions: new Dimensions(graph), precision, levels: [] };
  const values = inputs.map(({ value, layout }) => ({ name: value, layout }));
  return lowerTapes(tapes, values, context, part).map((lowered) => ({
    value: lowered.get({ layout: 'same', type: 'float32' }),
    shape: lowered.shape.slice(1),
  }));
}

function exampleOf(shape: number[], dtype: 'float32' | 'int32'): tf.Tensor {
  if (dtype === 'int32') return tf.zeros(shape, 'int32');
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tensor(
    Float32Array.from({ length: size }, (_, i) => Math.abs(Math.sin(i * 0.7))),
    shape,
  );
}
