// Some of the frames of a batch of clips, as a batch of their own.

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import type { DetBatch } from '../types';

/** The key frame and the other one of each clip. @throws DetLabError for clips of another length */
export function keyAndReference(batch: DetBatch, type: string): [key: DetBatch, reference: DetBatch] {
  const { clips } = batch;
  if (clips?.length !== 2)
    throw new DetLabError(
      `Cannot train ${type}: expected a key frame and one other of each video, received ${clips?.length ?? 1}. ` +
        'Set num_ref_imgs: 1 in UniformRefFrameSample of the pipeline',
    );
  const frames = (other: 0 | 1) =>
    takeFrames(
      batch,
      clips.keys.map((key, i) => 2 * i + (other ? 1 - key : key)),
    );
  return [frames(0), frames(1)];
}

function takeFrames(batch: DetBatch, indices: number[]): DetBatch {
  const { clips: _, inputs, samples, padShapes, ...rest } = batch;
  return {
    ...rest,
    inputs: tf.gather(inputs, tf.tensor1d(indices, 'int32')),
    samples: indices.map((i) => samples[i]),
    ...(padShapes && { padShapes: indices.map((i) => padShapes[i]) }),
  };
}
