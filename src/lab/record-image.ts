// An image of a dataset as galleries take it: with its ground truth, and with detections where there are some.

import path from 'node:path';
import { type Detections, decodeImage, type ImageRecord, outlinesOf } from '../data';
import { type Segmentation, segmentationToRle } from '../masks';
import type { LiveBox, LiveImage } from '../visualization/live-images';

/** The pixels are read when the image is shown. */
export function recordImage(record: ImageRecord, detections?: Detections): LiveImage {
  const { id, width, height, keypoints } = record;
  return {
    source: path.basename(record.path),
    pixels: () => decodeImage(record.path, id),
    width,
    height,
    ...(keypoints?.skeleton && { skeleton: keypoints.skeleton }),
    boxes: [...truthBoxes(record), ...(detections ? detectionBoxes(detections) : [])],
  };
}

/** The ground truth of an image; crowds and difficult boxes are ignored ones. */
export function truthBoxes(record: ImageRecord): LiveBox[] {
  const { scores, truths, keypoints } = record;
  const points = 3 * (keypoints?.flipIndices.length ?? 0);
  const segmentations = outlinesOf(record);
  return Array.from(truths.labels, (label, i) => {
    const segmentation = segmentations[i];
    return {
      bbox: [...truths.bboxes.subarray(4 * i, 4 * i + 4)],
      label,
      ...(scores && { score: scores[i] }),
      ...(truths.ignored[i] === 1 ? { state: 'ignored' as const } : {}),
      ...(segmentation && outlineOf(segmentation, record)),
      ...(keypoints && { keypoints: [...keypoints.points.subarray(points * i, points * (i + 1))] }),
    };
  });
}

/** Boxes by their corners are drawn as such; any other outline is a mask. */
function outlineOf(
  segmentation: Segmentation,
  { byCorners, height, width }: ImageRecord,
): Pick<LiveBox, 'corners' | 'mask'> {
  return byCorners && Array.isArray(segmentation)
    ? { corners: segmentation.flat() }
    : { mask: segmentationToRle(segmentation, height, width) };
}

export function detectionBoxes({ bboxes, rboxes, scores, labels, masks, keypoints }: Detections): LiveBox[] {
  const points = (keypoints?.length ?? 0) / Math.max(1, labels.length);
  return Array.from(labels, (label, i) => ({
    bbox: [...bboxes.subarray(4 * i, 4 * i + 4)],
    ...(rboxes && { rbox: [...rboxes.subarray(5 * i, 5 * i + 5)] }),
    label,
    score: scores[i],
    ...(masks ? { mask: masks[i] } : {}),
    ...(keypoints && { keypoints: [...keypoints.subarray(points * i, points * (i + 1))] }),
  }));
}
