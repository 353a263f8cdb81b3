// Gather, scatter, one-hot, and index kernels that run on the host.

import * as tf from '@tensorflow/tfjs';
import { Random } from '../../../random';
import { type TorchBackend, typeCode } from '../backend';
import { kernel } from '../native';
import { define, type KernelCall } from './define';

/** Host values of a tensor. */
const values = (backend: TorchBackend, x: tf.TensorInfo) => {
  backend.slotOf(x);
  return backend.readSync(x.dataId);
};

const indices = (backend: TorchBackend, list: ArrayLike<number>): tf.TensorInfo => ({
  dataId: backend.write(Int32Array.from(list), [list.length], 'int32'),
  shape: [list.length],
  dtype: 'int32',
});

/** tf.image.nonMaxSuppression*: tfjs's host implementation, with its exact semantics. */
const suppression = ({ inputs: { boxes, scores }, backend }: KernelCall) =>
  [values(backend, boxes), values(backend, scores)] as const;

export const indexingKernels: tf.KernelConfig[] = [
  define('GatherV2', ({ inputs: { x, indices }, attrs, backend, slot }) => {
    const [axis] = tf.util.parseAxisParam(attrs.axis, x.shape);
    return backend.make(kernel.gather(slot(x), slot(indices), axis, attrs.batchDims ?? 0), x.dtype);
  }),
  define('GatherNd', ({ inputs: { params, indices }, backend, slot }) =>
    backend.make(kernel.gatherNd(slot(params), slot(indices)), params.dtype),
  ),
  define('ScatterNd', ({ inputs: { indices, updates }, attrs, backend, slot }) =>
    backend.make(kernel.scatter(slot(indices), slot(updates), attrs.shape, -1, 0, true), updates.dtype),
  ),
  define('TensorScatterUpdate', ({ inputs: { tensor, indices, updates }, backend, slot }) =>
    backend.make(kernel.scatter(slot(indices), slot(updates), tensor.shape, slot(tensor), 0, false), tensor.dtype),
  ),
  define('SparseToDense', ({ inputs: { sparseIndices, sparseValues, defaultValue }, attrs, backend, slot }) => {
    const fill = values(backend, defaultValue)[0];
    // indices of rank 0 and 1 refer to a vector
    const depth = sparseIndices.shape.length === 2 ? sparseIndices.shape[1] : 1;
    const flat = kernel.reshape(slot(sparseIndices), [-1, depth]);
    const rows = backend.make(flat, 'int32');
    try {
      return backend.make(
        kernel.scatter(flat, slot(sparseValues), attrs.outputShape, -1, fill, false),
        sparseValues.dtype,
      );
    } finally {
      backend.disposeData(rows.dataId);
    }
  }),
  define('UnsortedSegmentSum', ({ inputs: { x, segmentIds }, attrs, backend, slot }) =>
    backend.make(kernel.segmentSum(slot(x), slot(segmentIds), attrs.numSegments), x.dtype),
  ),
  define('OneHot', ({ inputs: { indices }, attrs, backend, slot }) =>
    backend.make(
      kernel.oneHot(slot(indices), attrs.depth, attrs.onValue, attrs.offValue, typeCode(attrs.dtype)),
      attrs.dtype,
    ),
  ),
  define('NonMaxSuppressionV3', (call) => {
    const { maxOutputSize, iouThreshold, scoreThreshold } = call.attrs;
    const [boxes, scores] = suppression(call);
    const { selectedIndices } = tf.kernel_impls.nonMaxSuppressionV3Impl(
      boxes,
      scores,
      maxOutputSize,
      iouThreshold,
      scoreThreshold,
    );
    return indices(call.backend, selectedIndices);
  }),
  define('NonMaxSuppressionV5', (call) => {
    const { maxOutputSize, iouThreshold, scoreThreshold, softNmsSigma } = call.attrs;
    const [boxes, scores] = suppression(call);
    const kept = tf.kernel_impls.nonMaxSuppressionV5Impl(
      boxes,
      scores,
      maxOutputSize,
      iouThreshold,
      scoreThreshold,
      softNmsSigma,
    );
    const keptScores = Float32Array.from(kept.selectedScores ?? []);
    return [
      indices(call.backend, kept.selectedIndices),
      {
        dataId: call.backend.write(keptScores, [keptScores.length], 'float32'),
        shape: [keptScores.length],
        dtype: 'float32',
      },
    ];
  }),
  define('Multinomial', ({ inputs: { logits }, attrs, backend, slot }) => {
    const { numSamples, seed, normalized } = attrs;
    const [rows, events] = logits.shape;
    const soft = normalized ? undefined : backend.make(kernel.softmax(slot(logits), 1), 'float32');
    const chances = values(backend, soft ?? logits);
    if (soft) backend.disposeData(soft.dataId);
    const random = Random.seeded(Math.floor(seed * 2 ** 31));
    const drawn = new Int32Array(rows * numSamples);
    for (let row = 0; row < rows; row++)
      for (let k = 0; k < numSamples; k++) {
        let left = random.uniform();
        let event = 0;
        while (event < events - 1 && (left -= chances[row * events + event]) >= 0) event++;
        drawn[row * numSamples + k] = event;
      }
    return { dataId: backend.write(drawn, [rows, numSamples], 'int32'), shape: [rows, numSamples], dtype: 'int32' };
  }),
];
