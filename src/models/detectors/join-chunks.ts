// Detections of prompts whose names are read in parts: a pass for each part, whose labels count on from those before.

import * as tf from '@tensorflow/tfjs';
import { concatInstances, takeInstances } from '../../data/instances';
import type { Detections } from '../../data/types';
import type { DetBatch } from '../types';
import type { ReadPrompt } from './read-prompt';

type Detect = (prompts: readonly ReadPrompt[], features: tf.Tensor4D[], batch: DetBatch) => Detections[];

/**
 * One pass for the whole batch where every image has one caption; else one for each image and part of its names.
 *
 * @param sameCount a batch needs as many labels of every image
 */
export function joinChunks(
  prompts: readonly ReadPrompt[][],
  features: tf.Tensor4D[],
  batch: DetBatch,
  detect: Detect,
  { sameCount = false }: { sameCount?: boolean } = {},
): Detections[] {
  const counts = new Set(prompts.map(([{ entities }]) => entities.length));
  if (prompts.every(({ length }) => length === 1) && (!sameCount || counts.size === 1))
    return detect(
      prompts.map(([one]) => one),
      features,
      batch,
    );
  const { samples, padShapes } = batch;
  return prompts.map((parts, n) => {
    const alone = {
      ...batch,
      samples: [samples[n]],
      inputs: tf.slice(batch.inputs, [n, 0, 0, 0], [1, -1, -1, -1]),
      padShapes: padShapes && [padShapes[n]],
    };
    let before = 0;
    const found = parts.map((part) => {
      let detections!: Detections;
      tf.tidy(() => {
        const own = features.map((level) => tf.slice(level, [n, 0, 0, 0], [1, -1, -1, -1]));
        [detections] = detect([part], own, alone);
      });
      const labels = detections.labels.map((label) => label + before);
      before += part.entities.length;
      return { ...detections, labels };
    });
    const joined = concatInstances(found);
    const order = [...joined.scores.keys()].sort((a, b) => joined.scores[b] - joined.scores[a]);
    return takeInstances(joined, order);
  });
}
