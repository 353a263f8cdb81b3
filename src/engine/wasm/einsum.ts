// Einsum on wasm as one matrix product: after summing over indices of one operand only, the remaining ones are batch (in both
// operands and the output), contracted (in both, not in the output), left and right indices.

import * as tf from '@tensorflow/tfjs';

/** tf.einsum for one or two operands without ellipsis or repeated index. */
export function einsum(equation: string, operands: tf.Tensor[]): tf.Tensor {
  const [left, output] = equation.replace(/\s/g, '').split('->');
  const labels = left.split(',').map((term) => [...term]);
  if (output === undefined || labels.length !== operands.length || operands.length > 2)
    throw new Error(
      `Cannot run einsum "${equation}" on ${operands.length} operands: expected "ab->c" or "ab,bc->ac" with one term each`,
    );
  labels.forEach((term, i) => {
    if (term.length !== operands[i].rank || new Set(term).size !== term.length)
      throw new Error(
        `Cannot run einsum "${equation}": term "${term.join('')}" must name each axis of shape [${operands[i].shape}] once`,
      );
  });
  const target = [...output];
  const reduced = operands.map((x, i) => sumOthers(x, labels[i], new Set([...target, ...(labels[1 - i] ?? [])])));
  if (reduced.length === 1) return permute(reduced[0].x, reduced[0].labels, target);
  const [a, b] = reduced;
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const batch = shared.filter((l) => target.includes(l));
  const summed = shared.filter((l) => !target.includes(l));
  const rows = a.labels.filter((l) => !shared.includes(l));
  const columns = b.labels.filter((l) => !shared.includes(l));
  const size = new Map([
    ...a.labels.map((l, i) => [l, a.x.shape[i]] as const),
    ...b.labels.map((l, i) => [l, b.x.shape[i]] as const),
  ]);
  const sizes = (group: string[]) => group.map((l) => size.get(l)!);
  const count = (group: string[]) => sizes(group).reduce((p, s) => p * s, 1);
  const a3 = permute(a.x, a.labels, [...batch, ...rows, ...summed]).reshape([count(batch), count(rows), count(summed)]);
  const b3 = permute(b.x, b.labels, [...batch, ...summed, ...columns]).reshape([
    count(batch),
    count(summed),
    count(columns),
  ]);
  const product = tf.matMul(a3, b3).reshape([...sizes(batch), ...sizes(rows), ...sizes(columns)]);
  return permute(product, [...batch, ...rows, ...columns], target);
}

function sumOthers(x: tf.Tensor, labels: string[], keep: Set<string>): { x: tf.Tensor; labels: string[] } {
  const axes = labels.flatMap((l, i) => (keep.has(l) ? [] : [i]));
  return axes.length === 0 ? { x, labels } : { x: tf.sum(x, axes), labels: labels.filter((l) => keep.has(l)) };
}

function permute(x: tf.Tensor, from: string[], to: string[]): tf.Tensor {
  return from.join() === to.join()
    ? x.clone()
    : tf.transpose(
        x,
        to.map((l) => from.indexOf(l)),
      );
}

export const einsumKernel: tf.KernelConfig = {
  kernelName: tf.Einsum,
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) =>
    tf.tidy(() => einsum((attrs as { equation: string }).equation, inputs as unknown as tf.Tensor[])),
};
