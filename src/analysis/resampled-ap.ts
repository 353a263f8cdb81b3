// AP on resampled images, fast: matches are made once, and an image that is drawn twice counts twice. Equal to evaluating the
// drawn images with copies of their own. Only true positives are visited per IoU; what is before them comes from one cumulative
// sum over all.

import { averageOf, precisionAtRecalls, RECALLS } from '../evaluation/average-precision';
import type { RankedClass, RankedMatches } from './ranked-matches';

interface ClassPlan {
  images: Int32Array;
  /** Per IoU, positions of the true positives, and of the ignored before the last of them. */
  trues: Int32Array[];
  ignored: Int32Array[];
  /** Images with objects, and how many. */
  truthImages: Int32Array;
  truthCounts: Int32Array;
}

export class ResampledAp {
  private readonly plans: ClassPlan[];
  private readonly ious: number;
  private readonly cumulative: Float64Array;
  private readonly peaks: { trues: Float64Array; falses: Float64Array };
  private readonly precisions = new Float64Array(RECALLS.length);

  constructor({ classes, ious }: RankedMatches) {
    this.ious = ious.length;
    this.plans = classes.map((one) => planOf(one, ious.length));
    const longest = Math.max(0, ...this.plans.map(({ images }) => images.length));
    this.cumulative = new Float64Array(longest + 1);
    this.peaks = { trues: new Float64Array(longest), falses: new Float64Array(longest) };
  }

  /** @returns AP [classes, ious]; -1 for a class without objects on these images */
  of(weights: ArrayLike<number>): Float64Array {
    const out = new Float64Array(this.plans.length * this.ious).fill(-1);
    for (const [c, plan] of this.plans.entries()) {
      let positives = 0;
      for (let i = 0; i < plan.truthImages.length; i++) positives += plan.truthCounts[i] * weights[plan.truthImages[i]];
      if (positives === 0) continue;
      const { cumulative } = this;
      for (let k = 0; k < plan.images.length; k++) cumulative[k + 1] = cumulative[k] + weights[plan.images[k]];
      for (let t = 0; t < this.ious; t++) out[c * this.ious + t] = this.averagePrecision(plan, t, positives, weights);
    }
    return out;
  }

  private averagePrecision(plan: ClassPlan, t: number, positives: number, weights: ArrayLike<number>): number {
    const { images } = plan;
    const { trues, falses } = this.peaks;
    const ignored = plan.ignored[t];
    let [count, right, left, next] = [0, 0, 0, 0];
    const hits = plan.trues[t];
    for (let i = 0; i < hits.length; i++) {
      const k = hits[i];
      const weight = weights[images[k]];
      if (weight === 0) continue;
      while (next < ignored.length && ignored[next] < k) left += weights[images[ignored[next++]]];
      right += weight;
      trues[count] = right;
      falses[count++] = this.cumulative[k + 1] - left - right;
    }
    precisionAtRecalls({ trues, falses, count, positives }, this.precisions);
    return averageOf(this.precisions);
  }
}

function planOf({ images, trues, falses, truths }: RankedClass, ious: number): ClassPlan {
  const positions = Int32Array.from(images, (_, k) => k);
  const bits = Array.from({ length: ious }, (_, t) => t);
  const hits = bits.map((t) => positions.filter((k) => (trues[k] >>> t) & 1));
  const end = Math.max(0, ...hits.map((list) => (list.at(-1) ?? -1) + 1));
  const truthImages = Int32Array.from(truths.keys()).filter((i) => truths[i] > 0);
  return {
    images: images.slice(0, end),
    trues: hits,
    ignored: bits.map((t) => positions.subarray(0, end).filter((k) => (((trues[k] | falses[k]) >>> t) & 1) === 0)),
    truthImages,
    truthCounts: truthImages.map((i) => truths[i]),
  };
}

/** The mean of AP [classes, ious] over classes that have objects, and over all IoUs or one of them; -1 without any. */
export function meanAp(ap: Float64Array, ious: number, iou?: number): number {
  let [sum, count] = [0, 0];
  for (let i = 0; i < ap.length; i++)
    if (ap[i] > -1 && (iou === undefined || i % ious === iou)) [sum, count] = [sum + ap[i], count + 1];
  return count === 0 ? -1 : sum / count;
}
