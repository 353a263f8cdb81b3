// What an evaluation gives, and the interface of a metric that is fed image by image.

import type { DataProblem } from '../data/types';
import type { Rle } from '../masks';

/** Numbers between 0 and 1 by name; -1 where there was nothing to measure (no truth of that size), as in pycocotools. */
export type MetricValues = Record<string, number>;

export interface ClassReport {
  class: string;
  /** Truths that count (not ignored). */
  truths: number;
  metrics: MetricValues;
}

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
}

/** Boxes found in one image, xyxy, in any order; `Detections` of a model is one. */
export interface BoxDetections {
  bboxes: ArrayLike<number>;
  scores: ArrayLike<number>;
  labels: ArrayLike<number>;
  /** One for each box, where masks are evaluated. */
  masks?: readonly Rle[];
  /** What the size ranges go by in place of the masks' areas. */
  areas?: ArrayLike<number>;
}

/** A metric fed with the detections of one image after the other. */
export interface BoxMetric {
  add(imageId: number, detections: BoxDetections): void;
  compute(): EvaluationReport;
}
