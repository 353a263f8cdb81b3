// Targets of queries: the ground-truth box each is matched with, or background. Boxes are cxcywh in shares of the image where
// queries predict them. Plain arrays.

import { takeBoxes } from '../../geometry/boxes';
import type { Instances, Size } from '../task-modules';
import type { Assignment } from '../types';

/** Targets of all queries of a batch, image after image: N * Q rows. */
export interface QueryTargets {
  /** The number of classes where a query is background. */
  labels: Int32Array;
  /** Index of the ground truth of each query in its image, -1 for background. */
  truths: Int32Array;
  /** cxcywh in shares of the image, zero for background; four numbers a query. */
  boxes: Float32Array;
  /** Rows of the matched queries. */
  positives: number[];
  /** Number of queries that are background. */
  negatives: number;
  /** Weight of each row in the classification loss; all 1 when absent. */
  labelWeights?: Float32Array;
}

const f = Math.fround;

/** All background. */
export function noTargets(rows: number, numClasses: number): QueryTargets {
  return {
    labels: new Int32Array(rows).fill(numClasses),
    truths: new Int32Array(rows).fill(-1),
    boxes: new Float32Array(rows * 4),
    positives: [],
    negatives: rows,
  };
}

/** xyxy in pixels to cxcywh in shares of the image. */
export function normalizedBox(box: Float32Array, [height, width]: Size): number[] {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => f(box[k] / (k & 1 ? height : width)));
  return [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2), f(x2 - x1), f(y2 - y1)];
}

/** cxcywh in shares of the image to xyxy in pixels; flat. */
export function pixelBoxes(boxes: Float32Array, [height, width]: Size): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4)
    for (const [k, side] of [width, height].entries()) {
      const half = f(0.5 * boxes[i + 2 + k]);
      out[i + k] = f(boxes[i + k] - half) * side;
      out[i + 2 + k] = f(boxes[i + k] + half) * side;
    }
  return out;
}

/** The queries of one image that were matched, for those who watch; `boxes` are predicted, xyxy in pixels. */
export function queryAssignment(
  source: string,
  image: number,
  assigned: Int32Array,
  boxes: Float32Array,
  instances: Instances,
): Assignment {
  const indices = Int32Array.from(assigned.keys()).filter((q) => assigned[q] > 0);
  return {
    source,
    image,
    form: 'queries',
    indices,
    priors: takeBoxes(boxes, indices),
    truths: indices.map((q) => assigned[q] - 1),
    boxes: instances.bboxes,
    labels: instances.labels,
  };
}
