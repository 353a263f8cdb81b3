// Boxes of detections from what is pooled of them, in the graph: within their images, 0 where there is no detection.

import type * as tf from '@tensorflow/tfjs';
import type { RoIHeadParts } from '../../models/roi-heads/roi-head-parts';
import { clip } from '../clip-boxes';
import type { GraphDetections } from '../selection/suppression';
import { poolRois, roiRows } from './pool-rois';
import { type RowInput, recordRows } from './record-rows';
import type { StagesInputs } from './roi-stages';

export function refineBoxes(
  { pooler, refine }: NonNullable<RoIHeadParts['boxes']>,
  detections: GraphDetections,
  { maps, sizes, names, context }: Omit<StagesInputs, 'boxes'>,
): GraphDetections {
  const { graph } = context;
  const rois = roiRows(detections.boxes, context);
  const { inputs, order, combine } = poolRois([pooler], maps, rois, names, context);
  const take = (value: string, at?: string) => (at ? graph.node('Gather', [value, at], { axis: 0 }) : value);
  const boxes: RowInput = { value: take(rois.boxes, order?.rois), layout: 'same', shape: [4] };
  const forward = ([given, ...pooled]: tf.Tensor[]) => [refine(combine(pooled)[0], given as tf.Tensor2D)];
  const [{ value }] = recordRows([boxes, ...inputs], forward, names, context, 'the refinement of boxes');
  const shape = graph.node('Shape', [detections.boxes]);
  const byImage = graph.node('Reshape', [take(value, order?.places), shape], { allowzero: 0 });
  const valid = graph.node('GreaterOrEqual', [detections.labels, graph.constant([0], [], 'int64')]);
  const each = graph.node('Unsqueeze', [valid, graph.ints([2])]);
  return { ...detections, boxes: graph.node('Where', [each, clip(byImage, sizes(), context), graph.float(0)]) };
}
