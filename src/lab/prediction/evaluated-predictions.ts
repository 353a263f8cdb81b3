// The detections of an evaluation as predictions: to save them and to draw them.

import { decodeImage } from '../../data';
import type { EvaluationResults } from '../../evaluation';
import { PredictionList } from '../prediction-list';
import { Predictions, shownFrom } from '../predictions';

/** @example (await evaluatedPredictions(report.results)).save('results.coco.json', { data }) */
export function evaluatedPredictions({ dataset, images }: EvaluationResults, threshold = shownFrom): PredictionList {
  const { classes } = dataset;
  const drawing = { threshold };
  const all = images.map(({ record: { path: file, width, height, keypoints }, detections }) =>
    Predictions.create(file, { width, height, again: () => decodeImage(file) }, detections, classes, drawing, {
      file,
      skeleton: keypoints?.skeleton,
    }),
  );
  return PredictionList.create(all, classes, drawing);
}
