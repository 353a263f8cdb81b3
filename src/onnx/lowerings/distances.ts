// Waves of the distances between queries and keys along one axis, as GeneralizedAttention adds them to its energy.

import type { Sizes } from '../alignment';
import { castCode } from '../lowered';
import type { Call, Lowering } from '../lowering';

/** 0, step, 2 step, ... up to a size, float32 of a shape with one -1. */
function steps({ graph, dimensions }: Call, sizes: Sizes, step: number, shape: readonly number[]): string {
  const scalar = (value: number) => graph.constant([value], [], 'int64');
  const count = graph.node('Squeeze', [dimensions.size(sizes), graph.ints([0])]);
  const range = graph.node('Cast', [graph.node('Range', [scalar(0), count, scalar(1)])], { to: castCode('float32') });
  return graph.node('Mul', [graph.node('Reshape', [range, graph.ints(shape)], { allowzero: 0 }), graph.float(step)]);
}

const distanceWaves: Lowering = (call) => {
  const { graph } = call;
  const { strides, frequencies } = call.attrs;
  const [queries, keys] = call.numbers((attrs) => [attrs.length, attrs.keys]);
  const distances = graph.node('Sub', [
    steps(call, queries, strides[0], [-1, 1, 1]),
    steps(call, keys, strides[1], [1, -1, 1]),
  ]);
  const angles = graph.node('Mul', [distances, graph.constant(frequencies, [frequencies.length], 'float32')]);
  const waves = [graph.node('Sin', [angles]), graph.node('Cos', [angles])];
  call.give('Concat', waves, { axis: 2 }, { layout: 'same', type: 'float32' });
};

export const distanceLowerings: Record<string, Lowering> = { DistanceWaves: distanceWaves };
