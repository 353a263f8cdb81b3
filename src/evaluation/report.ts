// The report of an evaluation, and the interface of a metric that is updated image by image.

import type { DataProblem, Dataset } from '../data/types';
import type { PanopticSegment, Rle, SemanticMap } from '../masks';

/** Values between 0 and 1 by name; -1 where undefined (no ground truth of that size), as in pycocotools. */
export type MetricValues = Record<string, number>;

export interface ClassReport {
  class: string;
  /** Number of ground-truth objects that are not ignored. */
  truths: number;
  metrics: MetricValues;
}

/** The numbers of a metric over a dataset. */
export interface EvaluationReport {
  /** Type name of the metric: `CocoMetric`, `VOCMetric`. */
  metric: string;
  metrics: MetricValues;
  perClass: ClassReport[];
  /** Images evaluated. */
  images: number;
  truths: number;
  detections: number;
  /** Data that could not be evaluated, by file and id. */
  problems: DataProblem[];
  /** The metrics that a run logs, under MMDetection's names: `coco/bbox_mAP`, `pascal_voc/AP50`. */
  logged?: MetricValues;
}

/** Detections of one image, xyxy, in any order; a model's `Detections` are such. */
export interface BoxDetections {
  bboxes: ArrayLike<number>;
  /** Of rotated boxes: center, sides and angle. */
  rboxes?: Float32Array;
  scores: ArrayLike<number>;
  labels: ArrayLike<number>;
  /** One per box, when evaluating masks. */
  masks?: readonly Rle[];
  /** x, y and score of the keypoints of each [n, K, 3], when evaluating them. */
  keypoints?: Float32Array;
  /** When evaluating panoptic and semantic segmentation. */
  panoptic?: readonly PanopticSegment[];
  semantic?: SemanticMap;
  /** Identity of each object, when evaluating tracks. */
  instanceIds?: ArrayLike<number>;
  /** What each object looks like [n, C], when evaluating embeddings. */
  embeddings?: ArrayLike<number>;
  /** All that was detected, where a tracker has left some of it out. */
  untracked?: BoxDetections;
  /** Areas for the size ranges, instead of the masks'. */
  areas?: ArrayLike<number>;
}

/** A metric updated with the detections of one image at a time. */
export interface BoxMetric {
  add(imageId: number, detections: BoxDetections): void;
  /** Adds the detections of many images, by id: those of a results file. */
  addAll?(found: Iterable<readonly [number, BoxDetections]>): Promise<void>;
  compute(): EvaluationReport;
  /** Writes the files that its options name. @returns their absolute paths */
  write?(): Promise<string[]>;
}

/** Creates a metric for a dataset. */
export type MetricFactory = (dataset: Dataset) => Promise<BoxMetric>;

declare module '../catalogue/registry' {
  interface Built {
    metric: MetricFactory;
  }
}
