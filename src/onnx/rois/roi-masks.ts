// Masks of detections in the graph: probabilities of a grid over each box, means over the mask heads.

import type * as tf from '@tensorflow/tfjs';
import type { RoIHeadParts } from '../../models/roi-heads/roi-head-parts';
import type { Lowered } from '../lowered';
import { castCode } from '../lowered';
import type { LoweringContext } from '../lowering';
import type { GraphDetections } from '../selection/suppression';
import type { ParameterNames } from '../tape';
import { poolRois, roiRows } from './pool-rois';
import { recordRows } from './record-rows';

export interface GraphMasks {
  /** [N, M, height, width], 0 where there is no detection. */
  value: string;
  size: [number, number];
}

/** @throws DetLabError for what has no form in ONNX */
export function lowerMasks(
  masks: RoIHeadParts['masks'],
  { boxes, labels }: GraphDetections,
  features: readonly Lowered[],
  names: ParameterNames,
  context: LoweringContext,
): GraphMasks {
  const { graph } = context;
  const rois = roiRows(boxes, context);
  const known = graph.node('Max', [labels, graph.constant([0], [], 'int64')]);
  const classes = graph.node('Reshape', [known, graph.ints([-1])], { allowzero: 0 });
  const rows = (value: string, at?: string) => (at ? graph.node('Gather', [value, at], { axis: 0 }) : value);
  const each = masks.map(({ pooler, head }, i) => {
    const { extractor } = pooler;
    const { maps, order } = poolRois(extractor, features, rois, context);
    const inputs = [
      {
        value: graph.node('Cast', [rows(classes, order?.rois)], { to: castCode('int32') }),
        layout: 'same' as const,
        shape: [],
        dtype: 'int32' as const,
      },
      ...maps.map(({ value, channels }) => ({
        value,
        layout: 'channels-first' as const,
        shape: [...extractor.layer.outputSize, channels],
      })),
    ];
    const forward = ([label, ...pooled]: tf.Tensor[]) => [
      head.classLogits(pooler.combine(pooled as tf.Tensor4D[]), label as tf.Tensor1D),
    ];
    const part = masks.length > 1 ? `mask head ${i + 1}` : 'the mask head';
    const [{ value, shape }] = recordRows(inputs, forward, names, context, part);
    return { likely: graph.node('Sigmoid', [rows(value, order?.places)]), size: shape as [number, number] };
  });
  const [{ likely, size }] = each;
  const mean =
    each.length === 1
      ? likely
      : graph.node('Div', [
          graph.node(
            'Sum',
            each.map((one) => one.likely),
          ),
          graph.float(each.length),
        ]);
  const shape = graph.node('Concat', [graph.node('Shape', [labels]), graph.ints(size)], { axis: 0 });
  const byImage = graph.node('Reshape', [mean, shape], { allowzero: 0 });
  const valid = graph.node('GreaterOrEqual', [labels, graph.constant([0], [], 'int64')]);
  const value = graph.node('Where', [graph.node('Unsqueeze', [valid, graph.ints([2, 3])]), byImage, graph.float(0)]);
  return { value, size };
}
