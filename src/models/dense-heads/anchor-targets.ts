// What the anchors of one image should predict: plain arrays, computed on the CPU.

import { takeBoxes } from '../../geometry/boxes';
import type { Assigner, AssignInput, BoxCoder, Predictions, PriorGenerator, Sampler, Size } from '../task-modules';

/** Anchors that learn, by their index among all anchors of the image. */
export interface AnchorTargets {
  positive: Int32Array;
  negative: Int32Array;
  /** Labels of the positives. */
  labels: Int32Array;
  /** Coded boxes of the positives, or their truths where the loss works on decoded boxes; four numbers each. */
  boxes: Float32Array;
  /** Index of each positive's truth among those of the image that are learnt, and how many of these there are. */
  truths: Int32Array;
  numTruths: number;
  /** (anchor, label) pairs excluded from the classification loss. */
  ignoredLabels?: Int32Array;
  avgFactor: number;
}

export interface TargetParts {
  assigner: Assigner;
  sampler: Sampler;
  coder: BoxCoder;
  decoded: boolean;
}

export function anchorTargets(
  { assigner, sampler, coder, decoded }: TargetParts,
  /** All anchors of the image, and what is predicted for them. */
  input: AssignInput,
  /** Indices of the anchors that take part; all when undefined. */
  inside: Int32Array | undefined,
): AnchorTargets {
  const { instances, random } = input;
  const candidates = inside ? insideInput(input, inside) : input;
  const assigned = assigner.assign(candidates);
  const chosen = sampler.sample({ assigned, priors: candidates.priors, instances, random });
  const whole = (indices: Int32Array) => (inside ? indices.map((i) => inside[i]) : indices);
  const { positive, negative, positiveBoxes, positiveLabels, positiveTruth, avgFactor } = chosen;
  const { ignoredLabels: ignored } = assigned;
  return {
    positive: whole(positive),
    negative: whole(negative),
    labels: positiveLabels,
    boxes: decoded ? positiveBoxes : coder.encode(takeBoxes(chosen.priors, positive), positiveBoxes),
    truths: positiveTruth,
    numTruths: instances.labels.length,
    ignoredLabels: inside && ignored ? ignored.map((v, k) => (k & 1 ? v : inside[v])) : ignored,
    avgFactor,
  };
}

/** The same image with the priors at `inside` alone. */
export function insideInput(input: AssignInput, inside: Int32Array): AssignInput {
  const { priors, strides, levels, predictions } = input;
  return {
    ...input,
    priors: takeBoxes(priors, inside),
    strides: strides && Float32Array.from(inside, (i) => strides[i]),
    levels: insideLevels(inside, levels),
    predictions: predictions && takePredictions(predictions, inside),
  };
}

function takePredictions({ count, classes, scores, logits, boxes, masks }: Predictions, rows: Int32Array): Predictions {
  const take = (values: Float32Array | undefined) => values && takeRows(values, values.length / count, rows);
  return {
    count: rows.length,
    classes,
    scores: take(scores),
    logits: take(logits),
    boxes: take(boxes),
    masks: take(masks),
  };
}

function takeRows(values: Float32Array, columns: number, rows: Int32Array): Float32Array {
  const out = new Float32Array(rows.length * columns);
  for (const [k, row] of rows.entries()) out.set(values.subarray(row * columns, (row + 1) * columns), k * columns);
  return out;
}

/** How many of the anchors at `inside` each level has. */
function insideLevels(inside: Int32Array, levels: readonly number[]): number[] {
  const counts = levels.map(() => 0);
  let level = 0;
  let end = levels[0];
  for (const i of inside) {
    while (i >= end) end += levels[++level];
    counts[level]++;
  }
  return counts;
}

/**
 * Indices of the anchors on the padded image that reach out of the image by at most `border` pixels (any with a negative
 * border); undefined when those are all.
 */
export function anchorsInside(
  generator: PriorGenerator,
  anchors: Float32Array,
  sizes: Size[],
  padShape: Size,
  [height, width]: Size,
  border: number,
): Int32Array | undefined {
  const covered = sizes.every(
    ([h, w], i) =>
      Math.ceil(padShape[0] / generator.strides[i][1]) >= h && Math.ceil(padShape[1] / generator.strides[i][0]) >= w,
  );
  if (covered && border < 0) return undefined;
  const inside = new Int32Array(anchors.length / 4);
  let count = 0;
  let index = 0;
  for (const flags of generator.validFlags(sizes, padShape))
    for (const valid of flags) {
      const at = 4 * index;
      const within =
        border < 0 ||
        (anchors[at] >= -border &&
          anchors[at + 1] >= -border &&
          anchors[at + 2] < width + border &&
          anchors[at + 3] < height + border);
      if (valid && within) inside[count++] = index;
      index++;
    }
  return inside.slice(0, count);
}
