// Weighted boxes fusion: boxes of several models that overlap become one, their average weighted by their scores.
// Solovyev, Wang and Gabruseva, Weighted boxes fusion, Image and Vision Computing 2021. Equal to ensemble-boxes 1.0.9 (its
// averages in single precision), except that equal scores are taken in the order of the models.

import { DetLabError } from '../errors';
import { clipBoxes, type Size } from '../geometry/boxes';
import { descending } from './descending';

/** How the score of a fused box follows from those of its boxes. */
export const CONFIDENCES = ['avg', 'max', 'box_and_model_avg', 'absent_model_aware_avg'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

export interface WeightedBoxesFusionOptions {
  /** IoU from which on a box joins a cluster. Default 0.55. */
  iouThreshold?: number;
  /** Boxes with a lower score are left out. Default 0. */
  scoreThreshold?: number;
  /** Weight of each model. Default 1 each. */
  weights?: readonly number[];
  confidence?: Confidence;
  /** Lets a score exceed what all models together give: clusters may have several boxes of one model. Default false. */
  allowsOverflow?: boolean;
}

/** Boxes flat xyxy, by column. */
export interface ScoredBoxes {
  bboxes: Float32Array;
  scores: Float32Array;
  labels: Int32Array;
}

interface Box {
  label: number;
  /** Times the model's weight. */
  score: number;
  weight: number;
  model: number;
  at: readonly number[];
}

interface Cluster {
  boxes: Box[];
  at: readonly number[];
  score: number;
  weight: number;
}

/**
 * Fuses the boxes of several models (or views) of one image of `size`, in descending order of the fused scores. Boxes are
 * clipped to the image; those without area are left out.
 *
 * @throws DetLabError for weights that do not fit the models
 * @example weightedBoxesFusion([ofFpn, ofPafpn], [480, 640], { weights: [2, 1] })
 */
export function weightedBoxesFusion(
  models: readonly ScoredBoxes[],
  size: Size,
  {
    iouThreshold = 0.55,
    scoreThreshold = 0,
    weights = models.map(() => 1),
    confidence = 'avg',
    allowsOverflow = false,
  }: WeightedBoxesFusionOptions = {},
): ScoredBoxes {
  if (weights.length !== models.length || !weights.every((weight) => Number.isFinite(weight) && weight > 0))
    throw new DetLabError(
      `Cannot fuse boxes: expected one positive weight for each of the ${models.length} models, received [${weights.join(', ')}]`,
    );
  const fused: { label: number; score: number; at: readonly number[] }[] = [];
  for (const [label, boxes] of boxesByLabel(models, size, weights, scoreThreshold))
    for (const cluster of clustersOf(boxes, iouThreshold, confidence))
      fused.push({ label, score: rescaled(cluster, weights, confidence, allowsOverflow), at: cluster.at });
  const order = fused.map((_, i) => i).sort(descending(fused.map(({ score }) => score)));
  return {
    bboxes: Float32Array.from(order.flatMap((i) => fused[i].at)),
    scores: Float32Array.from(order, (i) => fused[i].score),
    labels: Int32Array.from(order, (i) => fused[i].label),
  };
}

/** The boxes of each class in descending order of weighted scores. */
function boxesByLabel(
  models: readonly ScoredBoxes[],
  size: Size,
  weights: readonly number[],
  threshold: number,
): Map<number, Box[]> {
  const found = new Map<number, Box[]>();
  for (const [model, { bboxes, scores, labels }] of models.entries()) {
    const clipped = clipBoxes(bboxes, size);
    for (const [i, label] of labels.entries()) {
      const at = [...clipped.subarray(4 * i, 4 * i + 4)];
      if (!(scores[i] >= threshold) || !(area(at) > 0)) continue;
      const box = { label, score: scores[i] * weights[model], weight: weights[model], model, at };
      found.set(label, [...(found.get(label) ?? []), box]);
    }
  }
  for (const boxes of found.values()) boxes.sort((a, b) => b.score - a.score);
  return found;
}

const area = ([x1, y1, x2, y2]: readonly number[]): number => (x2 - x1) * (y2 - y1);

function iou(a: readonly number[], b: readonly number[]): number {
  const w = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const h = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  const overlap = Math.max(w, 0) * Math.max(h, 0);
  return overlap / (area(a) + area(b) - overlap);
}

/** Each box joins the cluster whose fused box it overlaps most, or begins one. */
function clustersOf(boxes: readonly Box[], threshold: number, confidence: Confidence): Cluster[] {
  const clusters: Cluster[] = [];
  for (const box of boxes) {
    let best: Cluster | undefined;
    let most = threshold;
    for (const cluster of clusters) {
      const overlap = iou(cluster.at, box.at);
      if (overlap > most) [best, most] = [cluster, overlap];
    }
    if (!best) clusters.push({ boxes: [box], at: box.at, score: box.score, weight: box.weight });
    else Object.assign(best, averaged([...best.boxes, box], confidence));
  }
  return clusters;
}

function averaged(boxes: Box[], confidence: Confidence): Cluster {
  const sum = new Float32Array(4);
  let total = 0;
  for (const { at, score } of boxes) {
    for (let i = 0; i < 4; i++) sum[i] += score * at[i];
    total += score;
  }
  const score = confidence === 'max' ? Math.max(...boxes.map((box) => box.score)) : total / boxes.length;
  const weight = boxes.reduce((all, box) => all + box.weight, 0);
  return { boxes, at: [...sum.map((v) => v / total)], score: Math.fround(score), weight: Math.fround(weight) };
}

/** The score of a cluster after how many of the models agree. */
function rescaled(cluster: Cluster, weights: readonly number[], confidence: Confidence, overflow: boolean): number {
  const { boxes, score, weight } = cluster;
  const all = weights.reduce((sum, w) => sum + w, 0);
  const models = new Set(boxes.map((box) => box.model));
  const ofModels = [...models].reduce((sum, model) => sum + weights[model], 0);
  if (confidence === 'max') return score / Math.max(...weights);
  if (confidence === 'box_and_model_avg') return (((score * boxes.length) / weight) * ofModels) / all;
  if (confidence === 'absent_model_aware_avg') return (score * boxes.length) / (weight + all - ofModels);
  return (score * (overflow ? boxes.length : Math.min(weights.length, boxes.length))) / all;
}
