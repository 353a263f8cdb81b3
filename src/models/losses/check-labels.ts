// Labels that a loss cannot place: more classes in the data than in the model, or 255 for "not annotated" without ignore_index.
// Their rows would be background or nothing, and a run would train on them without a word.

import type * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../../errors';
import { readsWait } from '../../ops';

export interface LabelRange {
  /** Name of the loss, for the error. */
  loss: string;
  classes: number;
  /** Whether the label `classes` is background. */
  background: boolean;
  /** Whether a negative label leaves its row out, as MMDetection has it for some losses. */
  negatives?: boolean;
  /** The configured ignore_index, which any label may be. */
  ignored?: number;
}

/**
 * @throws DetLabError for a label [N] that is neither a class nor background nor ignored; on GPUs labels are not read.
 * @example checkLabels(tf.tensor1d([0, 255], 'int32'), { loss: 'FocalLoss', classes: 2, background: true }) // throws
 */
export function checkLabels(
  labels: tf.Tensor,
  { loss, classes, background, negatives = false, ignored }: LabelRange,
): void {
  if (readsWait()) return; // detectors check the labels of their batches before they compute
  const values = labels.dataSync();
  const last = background ? classes : classes - 1;
  for (let i = 0; i < values.length; i++) {
    const label = values[i];
    if ((label >= 0 && label <= last) || label === ignored || (negatives && label < 0)) continue;
    throw new DetLabError(
      `Cannot compute ${loss}: label ${label} (row ${i}) is none of the ${classes} classes 0 .. ${classes - 1}` +
        `${background ? ` and not ${classes}, the background` : ''}. Build the model with as many classes as the dataset has` +
        (ignored === undefined ? '' : `, or set ignore_index: ${label} if the label means "not annotated"`),
    );
  }
}

/** The number of classes. @throws DetLabError where a head has another number than its loss */
export function requireClasses(loss: string, own: number, classes: number): number {
  if (own === classes) return own;
  throw new DetLabError(
    `Cannot use ${loss} of ${own} classes in a head of ${classes}: expected the same number. Set num_classes of the loss to ${classes}`,
  );
}
