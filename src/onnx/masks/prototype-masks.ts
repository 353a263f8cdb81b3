// Masks that are sums of prototypes in the graph (Bolya et al., YOLACT, ICCV 2019), with the coefficients of the prior of each
// detection. N images, M detections, h x w cells, P prototypes.

import type { PrototypeMaskParts } from '../../models/mask-heads/image-mask-parts';
import type { LoweringContext } from '../lowering';
import { cellNumbers } from './cell-numbers';
import { cut } from './cut';

export interface PrototypeMaskInputs {
  /** The prior of each detection, int64 [N, M]. */
  priors: string;
  /** Coefficients of all priors [N, T, P]. */
  parameters: string;
  /** The prototypes [N, P, h, w]. */
  map: string;
  /** [N, M, 4], in pixels of the input. */
  boxes: string;
  /** The images [N, 3, H, W]. */
  image: string;
}

/** Probabilities [N, M, h, w]. */
export function prototypeMasks(
  { priors, parameters, map, boxes, image }: PrototypeMaskInputs,
  parts: PrototypeMaskParts,
  context: LoweringContext,
): string {
  const { graph } = context;
  const at = graph.node('Unsqueeze', [priors, graph.ints([2])]);
  const own = graph.node('GatherND', [parameters, at], { batch_dims: 1 });
  const flat = graph.node('Reshape', [map, graph.ints([0, 0, -1])], { allowzero: 0 });
  const size = graph.node('Shape', [map], { start: 2, end: 4 });
  const shape = graph.node('Concat', [graph.ints([0, 0]), size], { axis: 0 });
  const sums = graph.node('Reshape', [graph.node('MatMul', [own, flat]), shape], { allowzero: 0 });
  const likely = graph.node('Sigmoid', [sums]);
  if (!parts.cut) return likely;
  const columns = graph.node('Unsqueeze', [inside(0), graph.ints([2])]);
  const rows = graph.node('Unsqueeze', [inside(1), graph.ints([3])]);
  return graph.node('Where', [graph.node('And', [columns, rows]), likely, graph.float(0)]);

  /** Which columns or rows are in the box, one more on every side: bool [N, M, cells]. */
  function inside(axis: 0 | 1): string {
    const dimension = axis === 0 ? 3 : 2;
    const side = (of: string) =>
      graph.node('Cast', [graph.node('Shape', [of], { start: dimension, end: dimension + 1 })], { to: 1 });
    const cells = side(map);
    const corner = (from: number) => {
      const share = graph.node('Div', [cut(boxes, 2, from, from + 1, graph), side(image)]);
      return graph.node('Mul', [share, cells]);
    };
    const ends = [corner(axis), corner(axis + 2)];
    const low = graph.node('Sub', [graph.node('Min', ends), graph.float(1)]);
    const high = graph.node('Add', [graph.node('Max', ends), graph.float(1)]);
    const numbers = cellNumbers(map, dimension, context);
    return graph.node('And', [graph.node('GreaterOrEqual', [numbers, low]), graph.node('Less', [numbers, high])]);
  }
}
