// What an evaluation was made of: its images and their detections, as the metric received them. Kept by the report, so that
// errors, curves and comparisons are of the same detections as its AP.

import type { ModuleConfig } from '../catalogue/registry';
import type { Dataset, Detections, ImageRecord } from '../data/types';

export interface EvaluatedImage {
  imageId: number;
  /** With its ground truth. */
  record: ImageRecord;
  /** In pixels of the original image. */
  detections: Detections;
}

export interface EvaluationResults {
  dataset: Dataset;
  /** In the order of evaluation. */
  images: EvaluatedImage[];
  /** The first metric of the evaluation as in its config, without a path of ground truth, which is that of the dataset. */
  metric: ModuleConfig;
}

/** The detections in arrays of their own, no views of a batch's; the masks only where they are evaluated. */
export function compactDetections(
  { bboxes, rboxes, scores, labels, masks, keypoints, panoptic, instanceIds }: Detections,
  withMasks: boolean,
): Detections {
  return {
    bboxes: compact(bboxes),
    ...(rboxes && { rboxes: compact(rboxes) }),
    scores: compact(scores),
    labels: compact(labels),
    ...(withMasks && masks ? { masks: masks.map((mask) => ({ ...mask, counts: compact(mask.counts) })) } : {}),
    ...(keypoints && { keypoints: compact(keypoints) }),
    ...(panoptic && { panoptic }),
    ...(instanceIds && { instanceIds: compact(instanceIds) }),
  };
}

const MASK_METRICS = ['BoundaryMetric', 'CityScapesMetric', 'YouTubeVISMetric', 'RefSegMetric'];

/** Whether a metric evaluates masks. */
export function evaluatesMasks({ type, metric }: ModuleConfig): boolean {
  return MASK_METRICS.includes(type.replace(/^\w+\./, '')) || [metric].flat().includes('segm');
}

function compact<A extends Float32Array | Int32Array | Uint32Array>(array: A): A {
  return array.byteLength === array.buffer.byteLength ? array : (array.slice() as A);
}
