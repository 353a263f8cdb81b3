// COCO's mask evaluation: that of boxes, with IoU and area of masks.

import { DetLabError } from '../errors';
import { CocoBboxMetric, type CocoBboxOptions } from './coco-bbox';
import type { MatchedImage } from './image-matching';
import type { ImageTruths } from './image-truths';
import { MaskOverlaps } from './mask-overlaps';
import type { BoxDetections } from './report';
import { matchInThreads, type ThreadOptions } from './threads/match-in-threads';

/**
 * The metric, updated image by image with detections that have masks.
 *
 * @example
 * const metric = new CocoSegmMetric(truthsOfDataset(val), { classes: val.classes });
 * metric.add(record.id, detections);
 * metric.compute().metrics.AP;
 */
export class CocoSegmMetric extends CocoBboxMetric {
  constructor(truths: readonly ImageTruths[], options: CocoBboxOptions) {
    super(truths.map(ignoringMaskless), options, new MaskOverlaps());
    const objects = truths.flatMap(({ ignored, maskless }) =>
      [...ignored].map((flag, g) => [flag, maskless?.[g] ?? 0]),
    );
    const counted = objects.filter(([ignored]) => !ignored);
    if (counted.length > 0 && counted.every(([, maskless]) => maskless))
      throw new DetLabError(
        `Cannot evaluate masks: none of the ${counted.length} ground-truth objects has a segmentation. ` +
          "Use metric: 'bbox', or data with masks",
      );
  }

  /** Masks of a results file are matched on several threads, where there are many. */
  override async addAll(found: Iterable<readonly [number, BoxDetections]>, threads?: ThreadOptions): Promise<void> {
    const list = [...found].map(([imageId, detections]) => ({ imageId, detections }));
    const images = () => list.map(({ imageId, detections }) => ({ truths: this.begin(imageId), detections }));
    const record = (i: number, match: MatchedImage) => this.record(list[i].imageId, list[i].detections, match);
    if (await matchInThreads(list, images, this.matcher, record, threads)) return;
    for (const { imageId, detections } of list) this.add(imageId, detections);
  }
}

/** Without its outline, the mask of an object is unknown: neither finding nor missing it counts, nor what is in its box. */
export function ignoringMaskless({ maskless, ...truths }: ImageTruths): ImageTruths {
  if (!maskless) return truths;
  return { ...truths, ignored: truths.ignored.map((flag, g) => (maskless[g] ? 1 : flag)) };
}
