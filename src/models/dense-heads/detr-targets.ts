// What each query is to learn: the truth the assigner gave it, or background.

import type { Assigner, Instances } from '../task-modules';
import type { LossContext } from '../types';

/** Targets of all queries of a batch, image after image. */
export interface QueryTargets {
  /** `classes` where a query is background. */
  labels: Int32Array;
  /** cxcywh in shares of the image, zero for background. */
  boxes: Float32Array;
  /** Indices of the queries with a truth. */
  positives: number[];
  negatives: number;
}

const f = Math.fround;
const NO_PRIORS = new Float32Array(0);

/** xyxy in pixels to cxcywh in shares of the image [height, width]. */
export function normalizedBox(box: Float32Array, [height, width]: [number, number]): number[] {
  const [x1, y1, x2, y2] = [0, 1, 2, 3].map((k) => f(box[k] / (k & 1 ? height : width)));
  return [f(f(x1 + x2) / 2), f(f(y1 + y2) / 2), f(x2 - x1), f(y2 - y1)];
}

/** cxcywh in shares of the image [height, width] to xyxy in pixels. */
export function pixelBoxes(boxes: Float32Array, [height, width]: [number, number]): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4)
    for (const [k, side] of [width, height].entries()) {
      const half = f(0.5 * boxes[i + 2 + k]);
      out[i + k] = f(boxes[i + k] - half) * side;
      out[i + 2 + k] = f(boxes[i + k] + half) * side;
    }
  return out;
}

export interface ImagePredictions {
  /** Logits [queries, channels]. */
  scores: Float32Array;
  /** cxcywh in shares of the image. */
  boxes: Float32Array;
  truths: Instances;
  imgShape: [number, number];
}

export function queryTargets(
  images: ImagePredictions[],
  classes: number,
  assigner: Assigner,
  { random, epoch }: LossContext,
): QueryTargets {
  const queries = images.length > 0 ? images[0].boxes.length / 4 : 0;
  const labels = new Int32Array(images.length * queries).fill(classes);
  const boxes = new Float32Array(labels.length * 4);
  const positives: number[] = [];
  for (const [n, { scores, boxes: predicted, truths, imgShape }] of images.entries()) {
    const predictions = {
      count: queries,
      logits: scores,
      classes: scores.length / Math.max(queries, 1),
      boxes: pixelBoxes(predicted, imgShape),
    };
    const { assigned } = assigner.assign({
      priors: NO_PRIORS,
      levels: [],
      instances: truths,
      predictions,
      imgShape,
      random,
      epoch,
    });
    for (let q = 0; q < queries; q++) {
      if (assigned[q] <= 0) continue;
      const truth = assigned[q] - 1;
      const at = n * queries + q;
      labels[at] = truths.labels[truth];
      boxes.set(normalizedBox(truths.bboxes.subarray(4 * truth, 4 * truth + 4), imgShape), 4 * at);
      positives.push(at);
    }
  }
  return { labels, boxes, positives, negatives: labels.length - positives.length };
}
