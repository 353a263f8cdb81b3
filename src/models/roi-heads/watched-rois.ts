// What a second stage reports of its RoIs to those who watch the scores of detections.

import * as tf from '@tensorflow/tfjs';
import { clipBoxes, takeRows } from '../../geometry/boxes';
import type { WatchedScores } from '../score-watch';
import type { DetBatch } from '../types';
import { probabilitiesOf } from './bbox-heads/roi-classification';
import type { BBoxStage } from './bbox-stage';
import { roisOf } from './rois';

/**
 * The RoIs of the first image. Scores are means over the stages, each of the RoI that entered it.
 *
 * @param inputs boxes of the first image that entered each stage
 * @param deltas of the last stage, all images
 */
export function watchedRois(
  source: string,
  stages: readonly BBoxStage[],
  features: tf.Tensor4D[],
  inputs: readonly Float32Array[],
  deltas: Float32Array | undefined,
  batch: DetBatch,
): WatchedScores {
  const last = inputs[inputs.length - 1];
  const { head } = stages[stages.length - 1];
  const count = last.length / 4;
  const { imgShape } = batch.samples[0].meta;
  return {
    source,
    count,
    numClasses: head.numClasses,
    boxes(label) {
      if (!deltas) return clipBoxes(last, imgShape);
      const { encodeSize } = head.coder;
      const perClass = deltas.length >= encodeSize * head.numClasses * count && head.numClasses > 1;
      const rows = Array.from({ length: count }, (_, i) => (perClass ? i * head.numClasses + label : i));
      return head.coder.decode(last, takeRows(deltas, rows, encodeSize), { maxShape: imgShape });
    },
    score(index, label) {
      const logits = stages.map((stage, s) =>
        stage.scoresOf(features, roisOf([inputs[s].subarray(4 * index, 4 * index + 4)])),
      );
      const mean = tf.div<tf.Tensor2D>(tf.addN(logits), stages.length);
      return tf.slice(probabilitiesOf(head, mean), [0, label], [1, 1]).asScalar();
    },
  };
}
