// Masks of chosen cells of SOLO's grids in the graph (models/mask-heads/grid-mask-parts.ts). N images, K cells, h x w cells of the map.

import type { Graph } from '../graph';
import type { Lowered } from '../lowered';

/** Of one level. */
export type GraphGridMasks = { filters: Lowered; biases?: Lowered; map: Lowered } | { columns: Lowered; rows: Lowered };

/** What the masks of a level are computed from. */
export const mapOf = (masks: GraphGridMasks): Lowered => ('map' in masks ? masks.map : masks.columns);

const PLAIN = { layout: 'same', type: 'float32' } as const;
const FIRST = { layout: 'channels-first', type: 'float32' } as const;
const take = (rows: string, at: string, graph: Graph) =>
  graph.node('GatherND', [rows, graph.node('Unsqueeze', [at, graph.ints([2])])], { batch_dims: 1 });

/**
 * Probabilities [N, K, h, w].
 *
 * @param cells int64 [N, K]
 * @param fitted brings maps [N, K, h, w] to the size of the finest level
 */
export function cellMasks(
  masks: GraphGridMasks,
  cells: string,
  fitted: (maps: string) => string,
  graph: Graph,
): string {
  if (!('map' in masks)) {
    const columns = graph.node('Shape', [masks.columns.get(FIRST)], { start: 1, end: 2 });
    const likely = (map: Lowered, at: string) => fitted(graph.node('Sigmoid', [take(map.get(FIRST), at, graph)]));
    return graph.node('Mul', [
      likely(masks.columns, graph.node('Mod', [cells, columns], { fmod: 0 })),
      likely(masks.rows, graph.node('Div', [cells, columns])),
    ]);
  }
  const { filters, biases, map } = masks;
  const rows = filters.get(PLAIN);
  const own = filters.rank === 2 ? graph.node('Gather', [rows, cells], { axis: 0 }) : take(rows, cells, graph);
  const value = map.get(FIRST);
  const flat = graph.node('Reshape', [value, graph.ints([0, 0, -1])], { allowzero: 0 });
  const products = graph.node('MatMul', [own, flat]);
  const shift = biases && graph.node('Gather', [biases.get(PLAIN), cells], { axis: 0 });
  const logits = shift ? graph.node('Add', [products, graph.node('Unsqueeze', [shift, graph.ints([2])])]) : products;
  const size = graph.node('Shape', [value], { start: 2, end: 4 });
  const shape = graph.node('Concat', [graph.ints([0, 0]), size], { axis: 0 });
  return fitted(graph.node('Sigmoid', [graph.node('Reshape', [logits, shape], { allowzero: 0 })]));
}
