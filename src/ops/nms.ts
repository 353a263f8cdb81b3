// Non-maximum suppression: keeps the best box, drops those that overlap it too much, and continues with the next best. Equal
// to mmcv's: single precision, `offset` 1 for inclusive pixel coordinates (MMDetection 1.x).

import * as tf from '@tensorflow/tfjs';
import { descending } from './descending';
import { hasKernel, runKernel } from './kernel';

export interface NmsOptions {
  iouThreshold: number;
  /** 0 or 1: added to widths and heights. */
  offset?: number;
}

/**
 * Indices of the boxes kept, in descending order of scores (NaN last), int32 [K]. `boxes` [N, 4] xyxy, `scores` [N]. Not
 * differentiable.
 *
 * @example nms(tf.tensor2d([[0, 0, 9, 9], [0, 0, 9, 8]]), tf.tensor1d([0.5, 0.9]), { iouThreshold: 0.5 }) // [1]
 */
export function nms(boxes: tf.Tensor2D, scores: tf.Tensor1D, { iouThreshold, offset = 0 }: NmsOptions): tf.Tensor1D {
  if (boxes.shape[0] === 0) return tf.tensor1d([], 'int32');
  if (hasKernel('DetNMS')) return runKernel<tf.Tensor1D>('DetNMS', { boxes, scores }, { iouThreshold, offset });
  return tf.tensor1d(
    suppress(boxes.dataSync<'float32'>(), scores.dataSync<'float32'>(), { iouThreshold, offset }),
    'int32',
  );
}

/** The same on arrays; uses the engine's kernel if there are enough boxes for it to be faster. */
export function nmsIndices(boxes: Float32Array, scores: Float32Array, options: NmsOptions): Int32Array {
  if (scores.length < 64 || !hasKernel('DetNMS')) return suppress(boxes, scores, options);
  return tf.tidy(() =>
    nms(tf.tensor2d(boxes, [scores.length, 4]), tf.tensor1d(scores), options)
      .dataSync<'int32'>()
      .slice(),
  );
}

/** Indices in descending order of scores, stable; NaN last. */
export function argsortDescending(scores: ArrayLike<number>): Int32Array {
  return Int32Array.from({ length: scores.length }, (_, i) => i).sort(descending(scores));
}

function suppress(boxes: Float32Array, scores: Float32Array, { iouThreshold, offset = 0 }: NmsOptions): Int32Array {
  const f = Math.fround;
  const order = argsortDescending(scores);
  const n = order.length;
  const threshold = f(iouThreshold);
  // columns in score order: contiguous memory for the inner loop
  const x1 = new Float32Array(n);
  const y1 = new Float32Array(n);
  const x2 = new Float32Array(n);
  const y2 = new Float32Array(n);
  const areas = new Float32Array(n);
  for (let k = 0; k < n; k++) {
    const box = 4 * order[k];
    x1[k] = boxes[box];
    y1[k] = boxes[box + 1];
    x2[k] = boxes[box + 2];
    y2[k] = boxes[box + 3];
    areas[k] = f(f(f(x2[k] - x1[k]) + offset) * f(f(y2[k] - y1[k]) + offset));
  }
  const dropped = new Uint8Array(n);
  const kept: number[] = [];
  for (let i = 0; i < n; i++) {
    if (dropped[i]) continue;
    kept.push(order[i]);
    const [ax1, ay1, ax2, ay2, area] = [x1[i], y1[i], x2[i], y2[i], areas[i]];
    for (let j = i + 1; j < n; j++) {
      if (dropped[j]) continue;
      const w = f(f(Math.min(ax2, x2[j]) - Math.max(ax1, x1[j])) + offset);
      if (w <= 0) continue;
      const h = f(f(Math.min(ay2, y2[j]) - Math.max(ay1, y1[j])) + offset);
      if (h <= 0) continue;
      const overlap = f(w * h);
      if (f(overlap / f(f(area + areas[j]) - overlap)) > threshold) dropped[j] = 1;
    }
  }
  return Int32Array.from(kept);
}
