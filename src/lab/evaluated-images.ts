// Evaluated images as live data: truths and detections with their kinds of error, the IoU and which truth each detection met.

import path from 'node:path';
import type { Correction } from '../analysis/error-costs';
import { type ErrorRows, kindOfDetection, kindOfTruth } from '../analysis/error-kinds';
import { decodeImage } from '../data';
import type { EvaluationResults } from '../evaluation';
import { segmentationToRle } from '../masks';
import type { BoxState } from '../visualization/box-states';
import type { LiveBox, LiveImage } from '../visualization/live-images';

export interface EvaluatedImagesParts {
  results: EvaluationResults;
  rows: ErrorRows;
  /** Detections that are shown; default: all. */
  selected?: Correction;
  /** Values of an image, by its position. */
  values?(image: number): Record<string, number>;
}

/** One image by its position: truths first, in the order of the annotation file, then detections, best first. */
export function evaluatedImage(parts: EvaluatedImagesParts, image: number): LiveImage {
  const { results, values } = parts;
  const { record } = results.images[image];
  return {
    source: path.basename(record.path),
    pixels: () => decodeImage(record.path, record.id),
    width: record.width,
    height: record.height,
    boxes: [...truthBoxes(parts, image), ...detectionBoxes(parts, image)],
    ...(values && { values: values(image) }),
  };
}

function truthBoxes(
  { results, rows: { truths, detections, starts, matcher } }: EvaluatedImagesParts,
  image: number,
): LiveBox[] {
  const { record } = results.images[image];
  return Array.from({ length: starts.truths[image + 1] - starts.truths[image] }, (_, k) => {
    const row = starts.truths[image] + k;
    const index = truths.index[row];
    const kind = kindOfTruth(truths, row);
    const outline = matcher.masks ? record.segmentations?.[index] : undefined;
    return {
      bbox: [...record.truths.bboxes.subarray(4 * index, 4 * index + 4)],
      label: record.truths.labels[index],
      state: (kind === 'true positive' ? 'truth' : kind) as BoxState,
      ...(kind === 'true positive' && { foundUpTo: detections.score[truths.detection[row]] }),
      ...(outline && { mask: segmentationToRle(outline, record.height, record.width) }),
    };
  });
}

function detectionBoxes({ results, rows, selected }: EvaluatedImagesParts, image: number): LiveBox[] {
  const { detections, starts, matcher } = rows;
  const found = results.images[image].detections;
  const boxes: LiveBox[] = [];
  for (let row = starts.detections[image]; row < starts.detections[image + 1]; row++) {
    if (selected && !selected.detection(row)) continue;
    const index = detections.index[row];
    const met = detections.ignored[row] === 1 ? detections.matched[row] : detections.truth[row];
    boxes.push({
      bbox: [...found.bboxes.subarray(4 * index, 4 * index + 4)],
      label: found.labels[index],
      score: found.scores[index],
      state: kindOfDetection(detections, row),
      ...(detections.ignored[row] === 0 && met >= 0 && { iou: detections.iou[row] }),
      ...(met >= 0 && { met: truthName(results, rows, met) }),
      ...(matcher.masks && found.masks && { mask: found.masks[index] }),
    });
  }
  return boxes;
}

/** `RBC 3`: the class of an object and its number in the annotation file. */
export function truthName({ dataset, images }: EvaluationResults, { truths }: ErrorRows, row: number): string {
  const { record } = images[truths.image[row]];
  return `${dataset.classes[record.truths.labels[truths.index[row]]]} ${truths.index[row] + 1}`;
}
