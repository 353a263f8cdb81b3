// Masks by a small network of each detection in the graph (models/mask-heads/dynamic-masks.ts): 1x1 convolutions with ReLU between
// them on a map of the image, with the place of each cell relative to the prior. N images, M detections, h x w cells, C channels of
// the map, F hidden channels.

import { layerShapes } from '../../models/mask-heads/dynamic-masks';
import type { DynamicMaskParts } from '../../models/mask-heads/image-mask-parts';
import type { LoweringContext } from '../lowering';
import { alignedEnlarged } from './aligned-enlarged';
import { cellNumbers } from './cell-numbers';
import { cut } from './cut';

export interface DynamicMaskInputs {
  /** The prior of each detection, int64 [N, M]. */
  priors: string;
  /** Of all priors [N, T, K]. */
  parameters: string;
  /** The priors [T, 4]. */
  points: string;
  /** The map [N, C, h, w]. */
  map: string;
}

/** Logits [N, M, h, w]. */
export function dynamicMasks(
  { priors, parameters, points, map }: DynamicMaskInputs,
  { network, origin, steps, reach, enlarged }: DynamicMaskParts,
  context: LoweringContext,
): string {
  const { graph } = context;
  const at = graph.node('Unsqueeze', [priors, graph.ints([2])]);
  const own = graph.node('GatherND', [parameters, at], { batch_dims: 1 });
  let from = 0;
  const next = (...shape: number[]) => {
    const count = shape.reduce((product, n) => product * n, 1);
    const part = cut(own, 2, from, from + count, graph);
    from += count;
    return graph.node('Reshape', [part, graph.ints([0, 0, ...shape])], { allowzero: 0 });
  };
  const shapes = layerShapes(network);
  const weights = shapes.map(([inputs, outputs]) => next(outputs, inputs));
  const biases = shapes.map(([, outputs]) => next(outputs, 1));
  const { inChannels } = network;
  const [[, first]] = shapes;
  const size = graph.node('Shape', [map], { start: 2, end: 4 });
  const shaped = (value: string, ...before: number[]) => {
    const shape = graph.node('Concat', [graph.ints(before), size], { axis: 0 });
    return graph.node('Reshape', [value, shape], { allowzero: 0 });
  };
  const flat = (value: string, ...shape: number[]) =>
    graph.node('Reshape', [value, graph.ints(shape)], { allowzero: 0 });

  const ofMap = flat(cut(weights[0], 3, 2, 2 + inChannels, graph), 0, -1, inChannels);
  const cells = graph.node('MatMul', [ofMap, flat(map, 0, inChannels, -1)]); // [N, M F, h w]
  const prior = graph.node('Gather', [points, priors], { axis: 0 });
  const scale = graph.node('Mul', [cut(prior, 2, 2, 3, graph), graph.float(reach)]);
  /** The weights of a place [N, M, F, 1, 1] times the places of columns or rows, which `axes` leave out. */
  const ofPlaces = (axis: 0 | 1, axes: number[]) => {
    const places = cellPlaces(map, axis === 0 ? 3 : 2, origin[axis], steps[axis], context);
    const apart = graph.node('Sub', [cut(prior, 2, axis, axis + 1, graph), places]); // [N, M, cells]
    const relative = graph.node('Unsqueeze', [graph.node('Div', [apart, scale]), graph.ints(axes)]);
    const weight = graph.node('Unsqueeze', [cut(weights[0], 3, axis, axis + 1, graph), graph.ints([4])]);
    return graph.node('Mul', [weight, relative]);
  };
  const placed = graph.node('Add', [
    graph.node('Add', [shaped(cells, 0, -1, first), ofPlaces(0, [2, 3])]),
    ofPlaces(1, [2, 4]),
  ]);
  let values = graph.node('Add', [flat(placed, 0, 0, 0, -1), biases[0]]);
  for (let i = 1; i < shapes.length; i++) {
    const active = graph.node('Relu', [values]);
    values = graph.node('Add', [graph.node('MatMul', [weights[i], active]), biases[i]]);
  }
  return alignedEnlarged(shaped(values, 0, 0), enlarged, graph);
}

/** Where the cells along an axis of the map are, in pixels. */
function cellPlaces(map: string, axis: number, origin: number, step: number, context: LoweringContext): string {
  const { graph } = context;
  const steps = graph.node('Mul', [cellNumbers(map, axis, context), graph.float(step)]);
  return graph.node('Add', [steps, graph.float(origin)]);
}
