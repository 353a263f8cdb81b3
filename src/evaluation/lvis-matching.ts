// LVIS's evaluation (lvis-api's LVISEval): COCO's, of the best 300 detections of an image, without those of classes of which it
// is not known whether they are there, and without errors of classes that are not exhaustively annotated. Nothing is a crowd, and
// what has no area is left out.

import { CocoBboxMetric, type CocoBboxOptions } from './coco-bbox';
import { ignoringMaskless } from './coco-segm';
import type { ImageMatch } from './image-matching';
import { BoxOverlaps, type ImageOverlaps } from './image-overlaps';
import type { ImageTruths } from './image-truths';
import type { FederatedImage } from './lvis-truths';
import { MaskOverlaps } from './mask-overlaps';
import type { BoxDetections } from './report';
import { sortByScore } from './score-order';

/** Detections of an image that are evaluated. */
export const LVIS_DETECTIONS = 300;

export interface LvisMatchOptions extends Pick<CocoBboxOptions, 'classes' | 'classAgnostic' | 'iouThresholds'> {
  masks?: boolean;
  /** Detections of an image that are evaluated, the best; default 300. */
  limit?: number;
}

export class LvisMatching extends CocoBboxMetric {
  private readonly images: ReadonlyMap<number, FederatedImage>;
  /** 1 for classes of which it is known whether they are in the image; 0 between images. */
  private readonly known: Uint8Array;
  private readonly limit: number;
  private scores = new Float64Array(LVIS_DETECTIONS);

  constructor(images: readonly FederatedImage[], { masks, limit = LVIS_DETECTIONS, ...options }: LvisMatchOptions) {
    const truths = images.map(({ truths: all }) => withArea(masks ? ignoringMaskless(all) : all));
    const overlaps = new PlainOverlaps(masks ? new MaskOverlaps() : new BoxOverlaps());
    super(truths, { ...options, maxDets: [limit], crowds: false }, overlaps);
    this.limit = limit;
    this.images = new Map(images.map((image) => [image.truths.imageId, image]));
    this.known = new Uint8Array(options.classes.length);
  }

  /** The highest scores of an image; the others are NaN. Overwritten by those of the next. */
  private bestScores(given: ArrayLike<number>): Float64Array {
    if (this.scores.length < given.length) this.scores = new Float64Array(2 * given.length);
    const scores = this.scores.subarray(0, given.length);
    for (let i = 0; i < given.length; i++) scores[i] = given[i];
    if (scores.length <= this.limit) return scores;
    const order = Int32Array.from(scores, (_, i) => i).filter((i) => !Number.isNaN(scores[i]));
    sortByScore(order, order.length, scores);
    for (const i of order.subarray(this.limit)) scores[i] = Number.NaN;
    return scores;
  }

  protected override matchImage(truths: ImageTruths, detections: BoxDetections): ImageMatch {
    const { absent, open } = this.images.get(truths.imageId)!;
    const { bboxes, labels } = detections;
    const { known } = this;
    for (const label of truths.labels) known[label] = 1;
    for (const label of absent) known[label] = 1;
    const scores = this.bestScores(detections.scores);
    for (let i = 0; i < scores.length; i++) {
      const area = (bboxes[4 * i + 2] - bboxes[4 * i]) * (bboxes[4 * i + 3] - bboxes[4 * i + 1]);
      if (known[labels[i]] !== 1 || !(area > 0)) scores[i] = Number.NaN; // not matched
    }
    for (const label of truths.labels) known[label] = 0;
    for (const label of absent) known[label] = 0;
    const match = this.matcher.match(truths, { ...detections, scores });
    const ranges = match.count === 0 ? 0 : match.matched.length / match.detections.length;
    for (let row = 0; row < match.count; row++) {
      if (!open.has(labels[match.detections[row]])) continue;
      for (let at = row * ranges; at < (row + 1) * ranges; at++) match.ignored[at] |= ~match.matched[at];
    }
    return match;
  }
}

/** Objects with an area: lvis-api leaves out what has none. */
function withArea(truths: ImageTruths): ImageTruths {
  const kept = [...truths.areas.keys()].filter((g) => truths.areas[g] > 0);
  if (kept.length === truths.areas.length) return truths;
  const { mask, maskless } = truths;
  return {
    imageId: truths.imageId,
    boxes: Float64Array.from(kept.flatMap((g) => [...truths.boxes.subarray(4 * g, 4 * g + 4)])),
    labels: Int32Array.from(kept, (g) => truths.labels[g]),
    areas: Float64Array.from(kept, (g) => truths.areas[g]),
    ignored: Uint8Array.from(kept, (g) => truths.ignored[g]),
    ...(maskless && { maskless: Uint8Array.from(kept, (g) => maskless[g]) }),
    ...(mask && { mask: (g: number, frame?: { height: number; width: number }) => mask(kept[g], frame) }),
  };
}

/** Intersection over union with ignored objects too. */
class PlainOverlaps implements ImageOverlaps {
  constructor(private readonly overlaps: ImageOverlaps) {}

  load(detections: BoxDetections, truths: ImageTruths): void {
    this.overlaps.load(detections, { ...truths, ignored: new Uint8Array(truths.ignored.length) });
  }

  area(detection: number): number {
    return this.overlaps.area(detection);
  }

  overlap(detection: number, truth: number): number {
    return this.overlaps.overlap(detection, truth);
  }
}
