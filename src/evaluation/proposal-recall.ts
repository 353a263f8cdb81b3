// MMDetection's `proposal_fast`: class-agnostic recall of ground-truth boxes by proposals, averaged over IoU thresholds.
// Boxes and proposals are matched one to one, in descending order of IoU.

import { DetLabError } from '../errors';
import { boxOverlaps } from './coco-matching';
import type { ImageTruths } from './image-truths';
import type { BoxDetections, BoxMetric, EvaluationReport } from './report';

export interface ProposalRecallOptions {
  /** Maximum proposals per image, ascending. */
  proposalNums: readonly number[];
  iouThresholds: readonly number[];
}

export class ProposalRecall implements BoxMetric {
  private readonly truths: Map<number, ImageTruths>;
  /** IoU of every ground-truth box with its matched proposal, for each number of proposals. */
  private readonly matchedIoUs: number[][];
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
  add(imageId: number, { bboxes, scores }: BoxDetections): void {
    const truths = this.truths.get(imageId);
    if (!truths) throw new DetLabError(`Cannot evaluate image ${imageId}: the ground truth has no such image`);
    this.images++;
    this.detections += scores.length;
    const counted = [...truths.labels.keys()].filter((g) => truths.ignored[g] === 0);
    const truthBoxes = Float64Array.from(counted.flatMap((g) => [...truths.boxes.subarray(4 * g, 4 * g + 4)]));
    for (const [k, most] of this.options.proposalNums.entries()) {
      const count = Math.min(most, scores.length);
      const proposals = new Float64Array(4 * count);
      for (let i = 0; i < proposals.length; i += 4) {
        proposals[i] = bboxes[i];
        proposals[i + 1] = bboxes[i + 1];
        proposals[i + 2] = bboxes[i + 2] - bboxes[i];
        proposals[i + 3] = bboxes[i + 3] - bboxes[i + 1];
      }
      this.matchedIoUs[k].push(
        ...greedyMatches(boxOverlaps(proposals, truthBoxes, new Uint8Array(counted.length)), count, counted.length),
      );
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

/** IoUs of the pairs of a greedy one-to-one matching; 0 for a box without a proposal. */
function greedyMatches(overlaps: Float64Array, proposals: number, truths: number): number[] {
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
