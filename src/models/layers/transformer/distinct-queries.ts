// Which boxes are distinct: those that NMS keeps, whatever their class (Zhang et al., Dense Distinct Query, CVPR 2023).

import * as tf from '@tensorflow/tfjs';
import { batchedNms, type NmsConfig, stopGradient } from '../../../ops';
import { composite } from '../../../ops/composite';

/** Scores [B, S] and boxes [B, S, 4], cxcywh in shares of the image. */
export interface RankedBoxes {
  scores: tf.Tensor2D;
  boxes: tf.Tensor3D;
}

/** For each image, the indices that NMS keeps among `candidates`, best first. */
function keptOf({ scores, boxes }: RankedBoxes, nms: NmsConfig, candidates?: readonly Int32Array[]): Int32Array[] {
  const [images, count] = scores.shape;
  const allScores = stopGradient(scores).dataSync<'float32'>();
  const corners = xyxy(stopGradient(boxes).dataSync<'float32'>());
  return Array.from({ length: images }, (_, image) => {
    const chosen = candidates?.[image] ?? Int32Array.from({ length: count }, (_, i) => i);
    const rows = chosen.map((i) => image * count + i);
    const own = new Float32Array(4 * rows.length);
    rows.forEach((row, k) => {
      own.set(corners.subarray(4 * row, 4 * row + 4), 4 * k);
    });
    const ranks = Float32Array.from(rows, (row) => allScores[row]);
    const { keep } = batchedNms(own, ranks, new Int32Array(rows.length).fill(1), nms);
    return Int32Array.from(keep, (k) => chosen[k]);
  });
}

/** The `k` best distinct boxes of each image, -1 where there are fewer: int32 [B, k]. A constant. */
export function distinctIndices(ranked: RankedBoxes, k: number, nms: NmsConfig): tf.Tensor2D {
  return composite({ name: 'DistinctIndices', inputs: { ...ranked }, attrs: { k, nms } }, () => {
    const kept = keptOf(ranked, nms);
    const table = new Int32Array(kept.length * k).fill(-1);
    for (const [image, rows] of kept.entries()) table.set(rows.subarray(0, k), image * k);
    return tf.tensor2d(table, [kept.length, k], 'int32');
  });
}

/** 1 for the boxes of each image that are distinct among those with `visible` 1, else 0: float32 [B, S]. A constant. */
export function distinctFlags(ranked: RankedBoxes, visible: tf.Tensor2D, nms: NmsConfig): tf.Tensor2D {
  return composite({ name: 'DistinctFlags', inputs: { ...ranked, visible }, attrs: { nms } }, () => {
    const [images, count] = visible.shape;
    const seen = visible.dataSync();
    const all = Array.from({ length: count }, (_, i) => i);
    const candidates = Array.from({ length: images }, (_, n) =>
      Int32Array.from(all.filter((i) => seen[n * count + i])),
    );
    const flags = new Float32Array(images * count);
    for (const [image, rows] of keptOf(ranked, nms, candidates).entries())
      for (const i of rows) flags[image * count + i] = 1;
    return tf.tensor2d(flags, [images, count]);
  });
}

const f = Math.fround;

function xyxy(boxes: Float32Array): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4)
    for (const k of [0, 1]) {
      const half = f(0.5 * boxes[i + 2 + k]);
      out[i + k] = boxes[i + k] - half;
      out[i + 2 + k] = boxes[i + k] + half;
    }
  return out;
}
