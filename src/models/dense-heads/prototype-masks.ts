// Targets and crops of masks that are combinations of prototypes (Bolya et al., YOLACT, ICCV 2019) in YOLOv5. n: objects.

import * as tf from '@tensorflow/tfjs';
import { decodeRle, rleArea, subtractRle, toRles } from '../../masks';
import { requireMasks } from '../require-masks';
import type { Instances, Size } from '../task-modules';
import type { DetBatch } from '../types';

/**
 * The masks of an image's ground truth at the size of the prototypes [n, h * w], by nearest pixels. Masks may be smaller than
 * their image (Polygon2Mask). `overlap`: of pixels that several cover, the smallest has them.
 * @throws DetLabError where masks were not loaded
 */
export function prototypeTargets(
  instances: Instances,
  [height, width]: Size,
  batch: DetBatch,
  image: number,
  overlap: boolean,
): Float32Array {
  const masks = requireMasks(instances, batch, image);
  const { image: pixels } = batch.samples[image];
  let rles = toRles(masks);
  if (overlap) {
    const areas = rles.map(rleArea);
    const smaller = (i: number, k: number) => areas[k] < areas[i] || (areas[k] === areas[i] && k > i);
    rles = rles.map((rle, i) =>
      rles.reduce((rest, other, k) => (smaller(i, k) ? subtractRle(rest, other) : rest), rle),
    );
  }
  // the batch's frame in pixels of the masks, over the prototypes'
  const [high, wide] = batch.batchShape;
  const stepY = Math.fround((high * masks.height) / pixels.height / height);
  const stepX = Math.fround((wide * masks.width) / pixels.width / width);
  const targets = new Float32Array(rles.length * height * width);
  for (const [i, rle] of rles.entries()) {
    const bitmap = decodeRle(rle);
    for (let y = 0; y < height; y++) {
      const row = Math.floor(Math.fround(y * stepY));
      if (row >= rle.height) break;
      for (let x = 0; x < width; x++) {
        const column = Math.floor(Math.fround(x * stepX));
        if (column < rle.width) targets[(i * height + y) * width + x] = bitmap[row * rle.width + column];
      }
    }
  }
  return targets;
}

/** 1 for the pixels of a map of `size` whose corner lies in the box (flat xyxy, in pixels of the map) [n, h, w], else 0. */
export function insideBoxes(boxes: Float32Array, [height, width]: Size): tf.Tensor3D {
  const n = boxes.length / 4;
  const along = (length: number, axis: 0 | 1) =>
    Float32Array.from({ length: n * length }, (_, at) => {
      const [i, p] = [Math.floor(at / length), at % length];
      return p >= boxes[4 * i + axis] && p < boxes[4 * i + axis + 2] ? 1 : 0;
    });
  return tf.mul(tf.tensor3d(along(height, 1), [n, height, 1]), tf.tensor3d(along(width, 0), [n, 1, width]));
}
