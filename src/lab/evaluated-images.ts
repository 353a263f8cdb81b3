// Evaluated images as live data: truths and detections with their kinds of error, the IoU and which truth each detection met.

import type { Correction } from '../analysis/error-costs';
import { type ErrorRows, kindOfDetection, kindOfTruth } from '../analysis/error-kinds';
import type { EvaluationResults } from '../evaluation';
import type { LiveBox, LiveImage } from '../visualization/live-images';
import { detectionBoxes, recordImage, truthBoxes } from './record-image';

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
  return {
    ...recordImage(results.images[image].record),
    boxes: [...truthsOf(parts, image), ...detectionsOf(parts, image)],
    ...(values && { values: values(image) }),
  };
}

function truthsOf({ results, rows: { truths, detections, starts } }: EvaluatedImagesParts, image: number): LiveBox[] {
  return truthBoxes(results.images[image].record).map((box, g) => {
    const row = starts.truths[image] + g;
    const kind = kindOfTruth(truths, row);
    if (kind !== 'true positive') return { ...box, state: kind };
    return { ...box, state: 'truth', foundUpTo: detections.score[truths.detection[row]] };
  });
}

function detectionsOf({ results, rows, selected }: EvaluatedImagesParts, image: number): LiveBox[] {
  const { detections, starts } = rows;
  const found = detectionBoxes(results.images[image].detections);
  const boxes: LiveBox[] = [];
  for (let row = starts.detections[image]; row < starts.detections[image + 1]; row++) {
    if (selected && !selected.detection(row)) continue;
    const isIgnored = detections.ignored[row] === 1;
    const met = isIgnored ? detections.matched[row] : detections.truth[row];
    boxes.push({
      ...found[detections.index[row]],
      state: kindOfDetection(detections, row),
      ...(!isIgnored && met >= 0 && { iou: detections.iou[row] }),
      ...(met >= 0 && { met: truthName(results, rows, met) }),
    });
  }
  return boxes;
}

/** `RBC 3`: the class of an object and its number in the annotation file. */
export function truthName({ dataset, images }: EvaluationResults, { truths }: ErrorRows, row: number): string {
  const { record } = images[truths.image[row]];
  return `${dataset.classes[record.truths.labels[truths.index[row]]]} ${truths.index[row] + 1}`;
}
