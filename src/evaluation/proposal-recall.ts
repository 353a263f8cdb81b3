// MMDetection's `proposal_fast`: class-agnostic recall of ground-truth boxes by proposals, averaged over IoU thresholds.
// Boxes and proposals are matched one to one, in descending order of IoU.

import { DetLabError } from '../errors';
import { BoxOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, EvaluationReport } from './report';

export interface ProposalRecallOptions {
  /** Maximum proposals per image. */
  proposalNums: readonly number[];
  iouThresholds: readonly number[];
}

export class ProposalRecall implements BoxMetric {
  private readonly truths: Map<number, ImageTruths>;
  /** IoU of every ground-truth box with its matched proposal, for each number of proposals. */
  private readonly matchedIoUs: number[][];
  private readonly boxes = new BoxOverlaps();
  private images = 0;
  private detections = 0;

  constructor(
    truths: Iterable<ImageTruths>,
    private readonly options: ProposalRecallOptions,
  ) {
    this.truths = new Map([...truths].map((image) => [image.imageId, image]));
    this.matchedIoUs = options.proposalNums.map(() => []);
  }

  /** Proposals in descending order of scores, xyxy in pixels of the original image. */
  add(imageId: number, detections: BoxDetections): void {
    const { scores } = detections;
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    this.images++;
    this.detections += scores.length;
    const counted = [...truths.labels.keys()].filter((g) => truths.ignored[g] === 0);
    this.boxes.load(detections, truths);
    const most = Math.min(Math.max(...this.options.proposalNums), scores.length);
    const overlaps = new Float64Array(most * counted.length);
    for (let p = 0, i = 0; p < most; p++) for (const g of counted) overlaps[i++] = this.boxes.overlap(p, g);
    for (const [k, number] of this.options.proposalNums.entries()) {
      const count = Math.min(number, scores.length);
      const matched = greedyMatches(overlaps.slice(0, count * counted.length), count, counted.length);
      for (const overlap of matched) this.matchedIoUs[k].push(overlap);
    }
  }

  /** `AR@100`, ... */
  compute(): EvaluationReport {
    const truths = this.matchedIoUs[0]?.length ?? 0;
    const metrics: Record<string, number> = {};
    for (const [k, count] of this.options.proposalNums.entries()) {
      const recalls = this.options.iouThresholds.map((t) => this.matchedIoUs[k].filter((v) => v >= t).length / truths);
      metrics[`AR@${count}`] = truths === 0 ? -1 : recalls.reduce((a, b) => a + b, 0) / recalls.length;
    }
    const { images, detections } = this;
    return { metric: 'CocoMetric', metrics, perClass: [], images, truths, detections, problems: [] };
  }
}

/** IoUs of the pairs of a greedy one-to-one matching; 0 for a box without a proposal. Overwrites `left`. */
function greedyMatches(left: Float64Array, proposals: number, truths: number): number[] {
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
