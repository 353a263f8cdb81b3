// Multi-scale deformable attention by GridSample, level by level, and what the transformers that have it select by rank.

import type { Sizes } from '../alignment';
import { castCode } from '../lowered';
import type { Lowering } from '../lowering';

const PLAIN = { layout: 'same', type: 'float32' } as const;

/** Every head of an image is a map of its own: N images, M heads, Q queries, P points of a level, D channels of a head. */
const deformAttention: Lowering = (call) => {
  const { value, locations, weights } = call.inputs;
  const { heads, points } = call.attrs;
  const { graph, dimensions } = call;
  const sides = call.numbers(({ shapes }) => shapes);
  const levels = sides.length / 2;
  const [n, cells, channels] = value.tensor.shape;
  const queries = weights.tensor.shape[1];
  const maps = n.map((count) => count * heads);
  const fixed = (...list: number[]): Sizes[] => list.map((size) => n.map(() => size));
  const width = channels[0] / heads;
  const reshape = (x: string, shape: Sizes[]) => graph.node('Reshape', [x, dimensions.list(shape)], { allowzero: 0 });
  const byHead = graph.node('Transpose', [reshape(value.get(PLAIN), [n, cells, ...fixed(heads, width)])], {
    perm: [0, 2, 3, 1],
  });
  const areas = Array.from({ length: levels }, (_, l) => sides[2 * l].map((h, t) => h * sides[2 * l + 1][t]));
  const whole = reshape(byHead, [maps, ...fixed(width), cells]); // [N M, D, S]
  const parts = levels === 1 ? [whole] : graph.nodeOf('Split', [whole, dimensions.list(areas)], { axis: 2 }, levels);
  const places = reshape(locations.get(PLAIN), [n, queries, ...fixed(heads, levels, points, 2)]);
  const moved = graph.node('Transpose', [places], { perm: [0, 2, 3, 1, 4, 5] });
  const shares = reshape(moved, [maps, ...fixed(levels), queries, ...fixed(points, 2)]);
  const grid = graph.node('Sub', [graph.node('Mul', [shares, graph.float(2)]), graph.float(1)]);
  const samples = parts.map((part, l) =>
    graph.node(
      'GridSample',
      [
        reshape(part, [maps, ...fixed(width), sides[2 * l], sides[2 * l + 1]]),
        graph.node('Gather', [grid, graph.constant([l], [], 'int64')], { axis: 1 }),
      ],
      { align_corners: 0, mode: 'linear', padding_mode: 'zeros' },
    ),
  );
  const all = levels === 1 ? samples[0] : graph.node('Concat', samples, { axis: 3 }); // [N M, D, Q, levels P]
  const factors = graph.node(
    'Transpose',
    [reshape(weights.get(PLAIN), [n, queries, ...fixed(heads, levels * points)])],
    {
      perm: [0, 2, 1, 3],
    },
  );
  const weighted = graph.node('Mul', [all, reshape(factors, [maps, ...fixed(1), queries, ...fixed(levels * points)])]);
  const sum = graph.node('ReduceSum', [weighted, graph.ints([3])], { keepdims: 0, noop_with_empty_axes: 0 });
  call.give('Transpose', [reshape(sum, [n, channels, queries])], { perm: [0, 2, 1] }, PLAIN);
};

/** Indices of the largest scores of each image. */
const bestIndices: Lowering = (call) => {
  const { scores } = call.inputs;
  const inputs = [scores.get(PLAIN), call.graph.ints([call.attrs.k])];
  const [, index] = call.graph.nodeOf('TopK', inputs, { axis: scores.rank - 1, largest: 1, sorted: 1 }, 2);
  call.give('Cast', [index], { to: castCode('int32') }, { layout: 'same', type: 'int32' });
};

/** Rows of each image at indices. */
const takeRows: Lowering = (call) => {
  const { x, indices } = call.inputs;
  const { graph } = call;
  const index = graph.node('Cast', [indices.get({ layout: 'same', type: 'int32' })], { to: castCode('int64') });
  call.give('GatherND', [x.get(PLAIN), graph.node('Unsqueeze', [index, graph.ints([2])])], { batch_dims: 1 }, PLAIN);
};

export const deformableAttentionLowerings: Record<string, Lowering> = {
  DetDeformAttention: deformAttention,
  BestIndices: bestIndices,
  TakeRows: takeRows,
};
