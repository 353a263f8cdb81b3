// Kernels that gather and scatter.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { castCode, type Lowered, type Variant } from '../lowered';
import type { Call, Lowering } from '../lowering';

/** Indices as int64. */
function indices(call: Call, x: Lowered): string {
  if (x.isConstant) return call.graph.constant(x.values!, x.shape, 'int64');
  return call.graph.node('Cast', [x.get({ layout: 'same', type: 'int32' })], { to: castCode('int64') });
}

const gather: Lowering = (call) => {
  const { x, indices: index } = call.inputs;
  const { batchDims = 0 } = call.attrs;
  const [axis] = tf.util.parseAxisParam(call.attrs.axis, x.shape);
  const variant: Variant = { layout: 'same', type: call.typeOf('follows', [x]) };
  const value = x.get(variant);
  if (batchDims === 0) {
    call.give('Gather', [value, indices(call, index)], { axis }, variant);
    return;
  }
  if (axis !== batchDims) throw new DetLabError('its gather within a batch along a later axis has no form in ONNX');
  const { graph } = call;
  const each = graph.node('Unsqueeze', [indices(call, index), graph.ints([-1])]);
  call.give('GatherND', [value, each], { batch_dims: batchDims }, variant);
};

const gatherNd: Lowering = (call) => {
  const { params, indices: index } = call.inputs;
  const variant: Variant = { layout: 'same', type: call.typeOf('follows', [params]) };
  call.give('GatherND', [params.get(variant), indices(call, index)], { batch_dims: 0 }, variant);
};

const scatterNd: Lowering = (call) => {
  const { indices: index, updates } = call.inputs;
  const variant: Variant = { layout: 'same', type: call.typeOf('never', [updates]) };
  const shape = call.dimensions.list(call.output.tensor.shape);
  const zeros = call.graph.node('Expand', [call.scalar(0, variant.type), shape]);
  call.give('ScatterND', [zeros, indices(call, index), updates.get(variant)], { reduction: 'add' }, variant);
};

const scatterUpdate: Lowering = (call) => {
  const { tensor, indices: index, updates } = call.inputs;
  const variant: Variant = { layout: 'same', type: call.typeOf('never', [tensor]) };
  const inputs = [tensor.get(variant), indices(call, index), updates.get(variant)];
  call.give('ScatterND', inputs, { reduction: 'none' }, variant);
};

const oneHot: Lowering = (call) => {
  const [x] = call.operands;
  const { depth, onValue = 1, offValue = 0 } = call.attrs;
  const { type } = call.output;
  // ONNX Runtime has none with int32 values
  const values = call.graph.constant([offValue, onValue], [2], 'float32');
  const inputs = [indices(call, x), call.graph.constant([depth], [], 'int64'), values];
  const rows = call.graph.node('OneHot', inputs, { axis: -1 });
  if (type === 'float32') call.output.set(rows, { layout: 'same', type });
  else call.give('Cast', [rows], { to: castCode(type) }, { layout: 'same', type });
};

/** One value, in a size that changes with the input. */
const filledLike: Lowering = (call) => {
  const { type } = call.output;
  const shape = call.dimensions.list(call.output.tensor.shape);
  call.give('Expand', [call.scalar(call.attrs.value, type), shape], {}, { layout: 'same', type });
};

export const indexingLowerings: Record<string, Lowering> = {
  GatherV2: gather,
  GatherNd: gatherNd,
  ScatterNd: scatterNd,
  TensorScatterUpdate: scatterUpdate,
  OneHot: oneHot,
  FilledLike: filledLike,
};
