// MMDetection's `proposal_fast`: the share of truths that some proposal covers, whatever their class, averaged over IoU
// thresholds. Truths and proposals are paired one to one, the best pair first.

import { DetLabError } from '../errors';
import { boxOverlaps } from './coco-matching';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, EvaluationReport } from './report';

export interface ProposalRecallOptions {
  /** Proposals of an image that count, ascending. */
  proposalNums: readonly number[];
  iouThresholds: readonly number[];
}

export class ProposalRecall implements BoxMetric {
  private readonly truths: Map<number, ImageTruths>;
  /** Overlap of every truth with the proposal it is paired with, by number of proposals. */
  private readonly covered: number[][];
  private images = 0;
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: ProposalRecallOptions,
  ) {
    this.truths = new Map([...truths].map((image) => [image.imageId, image]));
    this.covered = options.proposalNums.map(() => []);
  }

  /** Proposals best first, xyxy in the original image's pixels. */
  add(imageId: number, { bboxes, scores }: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: it is not among the truths`);
    this.images++;
    this.detections += scores.length;
    const wanted = [...truths.labels.keys()].filter((g) => truths.ignored[g] === 0);
    const boxes = Float64Array.from(wanted.flatMap((g) => [...truths.boxes.subarray(4 * g, 4 * g + 4)]));
    for (const [k, most] of this.options.proposalNums.entries()) {
      const count = Math.min(most, scores.length);
      const own = new Float64Array(4 * count);
      for (let i = 0; i < own.length; i += 4) {
        own[i] = bboxes[i];
        own[i + 1] = bboxes[i + 1];
        own[i + 2] = bboxes[i + 2] - bboxes[i];
        own[i + 3] = bboxes[i + 3] - bboxes[i + 1];
      }
      this.covered[k].push(...pairs(boxOverlaps(own, boxes, new Uint8Array(wanted.length)), count, wanted.length));
    }
  }

  /** `AR@100`, ... */
  compute(): EvaluationReport {
    const truths = this.covered[0]?.length ?? 0;
    const metrics: Record<string, number> = {};
    for (const [k, count] of this.options.proposalNums.entries()) {
      const recalls = this.options.iouThresholds.map((t) => this.covered[k].filter((v) => v >= t).length / truths);
      metrics[`AR@${count}`] = truths === 0 ? -1 : recalls.reduce((a, b) => a + b, 0) / recalls.length;
    }
    const { images, detections } = this;
    return { metric: 'CocoMetric', metrics, perClass: [], images, truths, detections, problems: [] };
  }
}

/** Overlaps of the pairs taken greedily, the largest first; 0 for a truth without a proposal left. */
function pairs(overlaps: Float64Array, proposals: number, truths: number): number[] {
  const left = overlaps.slice();
  return Array.from({ length: truths }, () => {
    let best = -1;
    for (let i = 0; i < left.length; i++) if (best < 0 || left[i] > left[best]) best = i;
    if (best < 0) return 0;
    const overlap = left[best];
    const [p, g] = [Math.floor(best / truths), best % truths];
    for (let i = 0; i < proposals; i++) left[i * truths + g] = -1;
    left.fill(-1, p * truths, (p + 1) * truths);
    return Math.max(overlap, 0);
  });
}
