// Gradients of kernels that select and place elements, which tfjs lacks: topK, gatherND, scatterND, tensorScatterUpdate,
// stridedSlice and depthToSpace.

import * as tf from '@tensorflow/tfjs';

/** Adds the rows of `dy` [n, ...] to the rows of zeros [count, ...] that `rows` [n] names. */
const addRows = (dy: tf.Tensor, rows: tf.Tensor1D, count: number): tf.Tensor => tf.unsortedSegmentSum(dy, rows, count);

/** Row numbers in `shape` flattened over its first axes: indices [..., depth] -> [n]. */
function flatRows(indices: tf.Tensor, shape: readonly number[]): tf.Tensor1D {
  const depth = indices.shape[indices.rank - 1];
  const strides = shape.slice(0, depth).map((_, axis) => tf.util.sizeFromShape(shape.slice(axis + 1, depth)));
  const columns = indices.reshape([-1, depth]);
  return tf.sum(tf.mul(columns, tf.tensor1d(strides, 'int32')), 1);
}

const topKGradient: tf.GradConfig = {
  kernelName: tf.TopK,
  inputsToSave: ['x'],
  outputsToSave: [false, true],
  gradFunc: (dy, [x, indices]) => {
    const values = (dy as unknown as tf.Tensor[])[0];
    const length = x.shape[x.rank - 1];
    return {
      x: () => {
        const columns = indices.reshape<tf.Tensor2D>([-1, indices.shape[indices.rank - 1]]);
        const starts = tf.range(0, columns.shape[0], 1, 'int32').mul(tf.scalar(length, 'int32')).expandDims(1);
        const rows = tf.add(columns, starts).reshape<tf.Tensor1D>([-1]);
        return addRows(values.reshape([-1]), rows, x.size).reshape(x.shape);
      },
    };
  },
};

const gatherNdGradient: tf.GradConfig = {
  kernelName: tf.GatherNd,
  inputsToSave: ['params', 'indices'],
  gradFunc: (dy, [params, indices]) => {
    const depth = indices.shape[indices.rank - 1];
    return {
      params: () => {
        const rows = flatRows(indices, params.shape);
        const inner = params.shape.slice(depth);
        const count = tf.util.sizeFromShape(params.shape.slice(0, depth));
        return addRows((dy as tf.Tensor).reshape([rows.size, ...inner]), rows, count).reshape(params.shape);
      },
    };
  },
};

const scatterNdGradient: tf.GradConfig = {
  kernelName: tf.ScatterNd,
  inputsToSave: ['indices', 'updates'],
  gradFunc: (dy, [indices, updates]) => ({
    updates: () => tf.gatherND(dy as tf.Tensor, indices).reshape(updates.shape),
  }),
};

const scatterUpdateGradient: tf.GradConfig = {
  kernelName: tf.TensorScatterUpdate,
  inputsToSave: ['indices', 'updates'],
  gradFunc: (dy, [indices, updates]) => ({
    tensor: () => tf.tensorScatterUpdate(dy as tf.Tensor, indices, tf.zerosLike(updates)),
    updates: () => tf.gatherND(dy as tf.Tensor, indices).reshape(updates.shape),
  }),
};

/** dy is added to the elements that the slice took; their numbers come from the same slice of the numbers 0, 1, 2, ... */
const stridedSliceGradient: tf.GradConfig = {
  kernelName: tf.StridedSlice,
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attributes) => ({
    x: () => {
      const numbers = tf.range(0, x.size, 1, 'int32').reshape(x.shape);
      const taken = tf.engine().runKernel(tf.StridedSlice, { x: numbers }, attributes) as tf.Tensor;
      const rows = taken.reshape<tf.Tensor1D>([-1]);
      return addRows((dy as tf.Tensor).reshape([-1]), rows, x.size).reshape(x.shape);
    },
  }),
};

const depthToSpaceGradient: tf.GradConfig = {
  kernelName: tf.DepthToSpace,
  inputsToSave: ['x'],
  gradFunc: (dy, [x], attributes) => ({
    x: () => {
      const block = attributes.blockSize as unknown as number;
      const [n, h, w, c] = x.shape;
      const cells = (dy as tf.Tensor).reshape([n, h, block, w, block, c / block ** 2]);
      return tf.transpose(cells, [0, 1, 3, 2, 4, 5]).reshape(x.shape);
    },
  }),
};

export const indexingGradients: readonly tf.GradConfig[] = [
  topKGradient,
  gatherNdGradient,
  scatterNdGradient,
  scatterUpdateGradient,
  stridedSliceGradient,
  depthToSpaceGradient,
];
