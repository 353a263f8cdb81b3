// Masks whose uncertain points are predicted anew, in the graph (PointRend): enlarged step by step, with points chosen by TopK.

import * as tf from '@tensorflow/tfjs';
import type { PointParts } from '../../models/roi-heads/roi-head-parts';
import { interpolate } from '../../ops';
import { castCode, type Lowered } from '../lowered';
import type { LoweringContext } from '../lowering';
import type { ParameterNames } from '../tape';
import { type RowInput, type RowOutput, recordRows } from './record-rows';
import { sampleInRois } from './sample-in-rois';

export interface CoarseMasks {
  parts: PointParts;
  /** [K, h, w]. */
  logits: RowOutput;
  /** Of all classes [K, h, w, classes]. */
  coarse: RowOutput;
  /** int64 [K]. */
  classes: string;
  /** [N, M, 4]. */
  boxes: string;
  levels: readonly Lowered[];
}

/** Logits [K, height, width]. */
export function refinedMasks(
  { parts, logits, coarse, classes, boxes, levels }: CoarseMasks,
  names: ParameterNames,
  context: LoweringContext,
): { logits: string; size: [number, number] } {
  const { graph } = context;
  const { steps, scale, count: most } = parts;
  const row = ({ value, shape }: RowOutput, dtype?: 'int32'): RowInput => ({ value, layout: 'same', shape, dtype });
  const label = row({ value: graph.node('Cast', [classes], { to: castCode('int32') }), shape: [] }, 'int32');
  const enlarge = ([x]: tf.Tensor[]) => [
    interpolate(tf.expandDims<tf.Tensor4D>(x, 3), { scaleFactor: scale, mode: 'bilinear' }).squeeze([3]),
  ];
  let masks = logits;
  for (let step = 0; step < steps; step++) {
    [masks] = recordRows([row(masks)], enlarge, names, context, 'the enlargement of masks');
    const [height, width] = masks.shape;
    const area = height * width;
    if (most >= scale ** 2 * area && step < steps - 1) continue;
    const count = Math.min(area, most);
    const flat = graph.node('Reshape', [masks.value, graph.ints([-1, area])], { allowzero: 0 });
    const uncertain = graph.node('Neg', [graph.node('Abs', [flat])]);
    const attributes = { axis: 1, largest: 1, sorted: 1 };
    const [, index] = graph.nodeOf('TopK', [uncertain, graph.ints([count])], attributes, 2);
    const points = centers(index, height, width, context);
    const shape = graph.node('Concat', [graph.node('Shape', [boxes], { start: 0, end: 2 }), graph.ints([count, 2])], {
      axis: 0,
    });
    const byImage = graph.node('Reshape', [points, shape], { allowzero: 0 });
    const fine = parts.strides.map((stride, i) => ({
      value: sampleInRois(levels[i], boxes, byImage, { count, scale: 1 / stride }, context),
      shape: [count, levels[i].shape[3]],
    }));
    const inputs = [label, row({ value: points, shape: [count, 2] }), row(coarse), ...fine.map((one) => row(one))];
    const predict = ([of, at, whole, ...samples]: tf.Tensor[]) => [
      parts.predict(samples as tf.Tensor3D[], whole as tf.Tensor4D, at as tf.Tensor3D, of as tf.Tensor1D),
    ];
    const [anew] = recordRows(inputs, predict, names, context, 'the point head');
    const changed = graph.node('ScatterElements', [flat, index, anew.value], { axis: 1, reduction: 'none' });
    const value = graph.node('Reshape', [changed, graph.ints([-1, height, width])], { allowzero: 0 });
    masks = { value, shape: [height, width] };
  }
  return { logits: masks.value, size: masks.shape as [number, number] };
}

/** The middle of pixels [K, P] of a mask: x and y in shares of it [K, P, 2]. */
function centers(index: string, height: number, width: number, { graph }: LoweringContext): string {
  const columns = graph.constant([width], [], 'int64');
  const share = (pixel: string, side: number) => {
    const middle = graph.node('Add', [graph.node('Cast', [pixel], { to: castCode('float32') }), graph.float(0.5)]);
    return graph.node('Unsqueeze', [graph.node('Div', [middle, graph.float(side)]), graph.ints([2])]);
  };
  const x = share(graph.node('Mod', [index, columns], { fmod: 0 }), width);
  const y = share(graph.node('Div', [index, columns]), height);
  return graph.node('Concat', [x, y], { axis: 2 });
}
