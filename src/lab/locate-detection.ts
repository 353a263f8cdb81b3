// Where a detection of an image comes from: which prior, RoI or query, by the scores that the head selects from.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import { bboxOverlaps } from '../geometry/boxes';
import { type WatchedScores, watchScores } from '../models/score-watch';
import type { DetBatch, Detector } from '../models/types';

export interface LocatedDetection {
  /** Index of the prior, RoI or query. */
  index: number;
  label: number;
  score: number;
  /** xyxy, in pixels of the network's input. */
  bbox: number[];
  /** Of all detections of the image, best first. */
  all: { label: number; score: number; bbox: number[] }[];
}

/** The last head's scores while the detector predicts; inside `tf.tidy`. */
export function scoresOfPrediction(detector: Detector, batch: DetBatch, what: string) {
  let scores: WatchedScores | undefined;
  const [detections] = watchScores(
    (reported) => {
      scores = reported;
    },
    () => detector.predict(batch, { rescale: false }),
  );
  if (!scores)
    throw new DetLabError(
      `Cannot ${what}: the head of ${detector.constructor.name} does not report the scores that it selects detections from`,
    );
  return { scores, detections };
}

/**
 * @param detection number from 0, in the order of `model.predict`
 * @throws DetLabError when there is no such detection
 */
export function locateDetection(
  detector: Detector,
  batch: DetBatch,
  detection: number,
  what: string,
): LocatedDetection {
  let located: LocatedDetection | undefined;
  let found = 0;
  tf.tidy(() => {
    const { scores, detections } = scoresOfPrediction(detector, batch, what);
    const { bboxes, labels, scores: values } = detections;
    found = labels.length;
    if (!Number.isInteger(detection) || detection < 0 || detection >= found) return;
    const bbox = bboxes.slice(4 * detection, 4 * detection + 4);
    const label = labels[detection];
    const overlaps = bboxOverlaps(bbox, scores.boxes(label));
    const best = overlaps.reduce((most, v) => Math.max(most, v), 0);
    // several candidates may have this very box: the best scored was kept
    const same = [...overlaps.keys()].filter((k) => overlaps[k] >= best - 1e-5);
    const likely = same.length === 1 ? same : bestScored(scores, same, label);
    located = {
      index: likely[0],
      label,
      score: values[detection],
      bbox: [...bbox],
      all: Array.from(labels, (l, k) => ({ label: l, score: values[k], bbox: [...bboxes.subarray(4 * k, 4 * k + 4)] })),
    };
  });
  if (located) return located;
  throw new DetLabError(
    `Cannot ${what} of detection ${detection}: ` +
      (found === 0
        ? 'nothing was detected in this image'
        : `expected a number from 0 to ${found - 1}, the detections of this image`),
  );
}

function bestScored(scores: WatchedScores, candidates: readonly number[], label: number): number[] {
  const values = candidates.map((k) => scores.score(k, label).dataSync()[0]);
  return [candidates[values.indexOf(Math.max(...values))]];
}
