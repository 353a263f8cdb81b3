// MMDetection's `proposal_fast`: class-agnostic recall of ground-truth boxes by proposals, averaged over IoU thresholds.
// Boxes and proposals are matched one to one, in descending order of IoU.

import { DetLabError } from '../errors';
import { cornersOf, overlapFloat32 } from './float32-overlaps';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, EvaluationReport } from './report';
import { sortByScore } from './score-order';

export interface ProposalRecallOptions {
  /** Maximum proposals per image. */
  proposalNums: readonly number[];
  iouThresholds: readonly number[];
  /** Widths include both border pixels, as VOCMetric's. */
  legacyCoordinates?: boolean;
}

/** Recalls, of each number of proposals at each threshold. */
export interface RecallTable {
  /** [numbers of proposals][thresholds]; -1 without ground truth. */
  recalls: number[][];
  truths: number;
}

export class ProposalRecall implements BoxMetric {
  private readonly truths: Map<number, ImageTruths>;
  /** IoU of every ground-truth box with its matched proposal, for each number of proposals. */
  private readonly matchedIoUs: number[][];
  private images = 0;
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    protected readonly options: ProposalRecallOptions,
  ) {
    this.truths = new Map([...truths].map((image) => [image.imageId, image]));
    this.matchedIoUs = options.proposalNums.map(() => []);
  }

  /** Proposals in any order, xyxy in pixels of the original image. */
  add(imageId: number, detections: BoxDetections): void {
    const { scores } = detections;
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    this.images++;
    this.detections += scores.length;
    const counted = [...truths.labels.keys()].filter((g) => truths.ignored[g] === 0);
    const { proposalNums, legacyCoordinates: legacy } = this.options;
    const order = Int32Array.from(scores, (_, i) => i).filter((i) => !Number.isNaN(scores[i]));
    sortByScore(order, order.length, Float64Array.from(scores));
    const most = Math.min(Math.max(...proposalNums), order.length);
    const overlaps = new Float32Array(most * counted.length);
    const corners = cornersOf(truths);
    for (let p = 0, i = 0; p < most; p++)
      for (const g of counted) {
        const overlap = overlapFloat32(detections.bboxes, order[p], corners, g, { legacy });
        overlaps[i++] = Number.isNaN(overlap) ? 0 : overlap; // a box with a NaN meets nothing
      }
    for (const [k, number] of proposalNums.entries()) {
      const count = Math.min(number, order.length);
      const matched = greedyMatches(overlaps.slice(0, count * counted.length), count, counted.length);
      for (const overlap of matched) this.matchedIoUs[k].push(overlap);
    }
  }

  table(): RecallTable {
    const truths = this.matchedIoUs[0]?.length ?? 0;
    const recallAt = (ious: readonly number[], t: number) => ious.filter((v) => v >= t).length / truths;
    const recalls = this.matchedIoUs.map((ious) =>
      this.options.iouThresholds.map((t) => (truths === 0 ? -1 : recallAt(ious, t))),
    );
    return { recalls, truths };
  }

  /** `AR@100`, ... */
  compute(): EvaluationReport {
    const { recalls, truths } = this.table();
    const metrics: Record<string, number> = {};
    for (const [k, count] of this.options.proposalNums.entries())
      metrics[`AR@${count}`] = recalls[k].reduce((a, b) => a + b, 0) / recalls[k].length;
    const { images, detections } = this;
    return { metric: 'CocoMetric', metrics, perClass: [], images, truths, detections, problems: [] };
  }
}

/** IoUs of the pairs of a greedy one-to-one matching; 0 for a box without a proposal. Overwrites `left`. */
function greedyMatches(left: Float32Array, proposals: number, truths: number): number[] {
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
