// What the anchors of one image should predict: plain arrays, computed on the CPU.

import { takeBoxes } from '../../geometry/boxes';
import type { Random } from '../../random';
import type { Assigner, BoxCoder, Instances, PriorGenerator, Sampler, Size } from '../task-modules';

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
  /** Pairs of anchor and label that the classification loss leaves out. */
  shadows?: Int32Array;
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
  anchors: Float32Array,
  /** Indices of the anchors that take part; all when undefined. */
  inside: Int32Array | undefined,
  instances: Instances,
  random: Random,
  /** Anchors of each level. */
  levels?: number[],
): AnchorTargets {
  const candidates = inside ? takeBoxes(anchors, inside) : anchors;
  const assigned = assigner.assign(
    candidates,
    instances,
    random,
    inside && levels ? insideLevels(inside, levels) : levels,
  );
  const chosen = sampler.sample(assigned, candidates, instances, random);
  const whole = (indices: Int32Array) => (inside ? indices.map((i) => inside[i]) : indices);
  const { positive, negative, positiveBoxes, positiveLabels, positiveTruth, avgFactor } = chosen;
  const { shadows } = assigned;
  return {
    positive: whole(positive),
    negative: whole(negative),
    labels: positiveLabels,
    boxes: decoded ? positiveBoxes : coder.encode(takeBoxes(chosen.priors, positive), positiveBoxes),
    truths: positiveTruth,
    numTruths: instances.labels.length,
    shadows: inside && shadows ? shadows.map((v, k) => (k & 1 ? v : inside[v])) : shadows,
    avgFactor,
  };
}

/** How many of the chosen anchors each level has. */
function insideLevels(inside: Int32Array, levels: number[]): number[] {
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
