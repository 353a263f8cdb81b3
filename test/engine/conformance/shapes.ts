// Operations that move, select or make elements.

import * as tf from '@tensorflow/tfjs';
import type { Operations } from './operation';

export const shapes: Operations = {
  reshape: ({ a }, { shape }) => tf.reshape(a, shape),
  transpose: ({ a }, { perm }) => tf.transpose(a, perm),
  expandDims: ({ a }, { axis }) => tf.expandDims(a, axis),
  squeeze: ({ a }, { axis }) => tf.squeeze(a, [axis]),
  reverse: ({ a }, { axis }) => tf.reverse(a, axis),
  tile: ({ a }, { reps }) => tf.tile(a, reps),
  broadcastTo: ({ a }, { shape }) => tf.broadcastTo(a, shape),
  concat2: ({ a, b }, { axis }) => tf.concat([a, b], axis),
  concat3: ({ a, b, c }, { axis }) => tf.concat([a, b, c], axis),
  stack2: ({ a, b }, { axis }) => tf.stack([a, b], axis),
  unstack: ({ a }, { axis }) => tf.unstack(a, axis),
  split: ({ a }, { sizes, axis }) => tf.split(a, sizes, axis),
  slice: ({ a }, { begin, size }) => tf.slice(a, begin, size),
  stridedSlice: ({ a }, { begin, end, strides }) => tf.stridedSlice(a, begin, end, strides),
  pad: ({ a }, { paddings, value }) => tf.pad(a, paddings, value),
  mirrorPad: ({ a }, { paddings, mode }) => tf.mirrorPad(a, paddings, mode),
  gather: ({ a, indices }, { axis, batchDims }) => tf.gather(a, indices, axis, batchDims),
  gatherND: ({ a, indices }) => tf.gatherND(a, indices),
  scatterND: ({ indices, updates }, { shape }) => tf.scatterND(indices, updates, shape),
  tensorScatterUpdate: ({ a, indices, updates }) => tf.tensorScatterUpdate(a, indices, updates),
  unsortedSegmentSum: ({ a, ids }, { segments }) => tf.unsortedSegmentSum(a, ids as tf.Tensor1D, segments),
  oneHot: ({ indices }, { depth }) => tf.oneHot(indices, depth, 1, 0, 'float32'),
  fill: (_, { shape, value }) => tf.fill(shape, value),
  range: (_, { start, stop, step, dtype }) => tf.range(start, stop, step, dtype),
  linspace: (_, { start, stop, num }) => tf.linspace(start, stop, num),
  depthToSpace: ({ a }, { blockSize }) => tf.depthToSpace(a as tf.Tensor4D, blockSize),
};
