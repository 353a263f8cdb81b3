// Attention and layer normalisation.

import type { ElementType } from '../graph';
import type { Lowered, Variant } from '../lowered';
import type { Call, Lowering } from '../lowering';

const layerNorm: Lowering = (call) => {
  const { x, scale, offset } = call.inputs;
  const channels = x.shape.at(-1)!;
  const variant: Variant = { layout: 'same', type: call.typeOf('never', [x]) };
  const ones = () => call.graph.constant(new Float32Array(channels).fill(1), [channels], variant.type);
  const inputs = [x.get(variant), scale ? scale.get(variant) : ones()];
  if (offset) inputs.push(offset.get(variant));
  const attributes = { axis: -1, epsilon: { float: call.attrs.epsilon }, stash_type: 1 };
  call.give('LayerNormalization', inputs, attributes, variant);
};

/** [B, L, C] to heads: [B, heads, L, C / heads], the last two axes exchanged for the keys. */
function heads(call: Call, x: Lowered, count: number, perm: readonly number[], type: ElementType): string {
  const { graph } = call;
  const shape = graph.ints([0, 0, count, x.shape[2] / count]);
  const split = graph.node('Reshape', [x.get({ layout: 'same', type }), shape], { allowzero: 0 });
  return graph.node('Transpose', [split], { perm });
}

/** softmax(q k^T * scale + mask) v. */
const attention: Lowering = (call) => {
  const { query, key, value, mask } = call.inputs;
  const { heads: count, scale } = call.attrs;
  const { graph } = call;
  const type = call.typeOf('always', [query]);
  const variant: Variant = { layout: 'same', type };
  const q = graph.node('Mul', [heads(call, query, count, [0, 2, 1, 3], type), call.scalar(scale, type)]);
  const scores = graph.node('MatMul', [q, heads(call, key, count, [0, 2, 3, 1], type)]);
  const masked = mask ? graph.node('Add', [scores, mask.get(variant)]) : scores;
  const weights = graph.node('Softmax', [masked], { axis: -1 });
  const read = graph.node('MatMul', [weights, heads(call, value, count, [0, 2, 1, 3], type)]);
  const joined = graph.node('Transpose', [read], { perm: [0, 2, 1, 3] });
  call.give('Reshape', [joined, graph.ints([0, 0, value.shape[2]])], { allowzero: 0 }, variant);
};

export const transformerLowerings: Record<string, Lowering> = {
  DetLayerNorm: layerNorm,
  DetAttention: attention,
};
