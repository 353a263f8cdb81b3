// Initial boxes of the encoder's positions in two-stage transformers: centred on the pixel, a twentieth of the image on
// the finest level and twice as large on each level above it (Zhu et al., Deformable DETR, ICLR 2021).

import * as tf from '@tensorflow/tfjs';
import type { DetBatch } from '../../types';
import { sizeTable } from './padding-masks';

/**
 * `sizes` are the height and width of the image's part of each level, by image. Proposals [B, S, 4] are cxcywh before the
 * sigmoid, infinite where they are of no use (padding, or too near the border); `valid` [B, S, 1] is 0 there.
 */
export function encoderProposals(
  batch: DetBatch,
  shapes: [number, number][],
  sizes: [number, number][][],
): { proposals: tf.Tensor3D; valid: tf.Tensor3D } {
  const area = shapes.reduce((sum, [h, w]) => sum + h * w, 0);
  const proposals = new Float32Array(sizes.length * area * 4).fill(Number.POSITIVE_INFINITY);
  const valid = new Float32Array(sizes.length * area);
  const f = Math.fround;
  let at = 0;
  for (const image of sizes)
    for (const [level, [height, width]] of shapes.entries()) {
      const [validHeight, validWidth] = image[level];
      const side = f(0.05 * 2 ** level);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++, at++) {
          const box = [f((x + 0.5) / validWidth), f((y + 0.5) / validHeight), side, side];
          const inside = y < validHeight && x < validWidth && box.every((v) => v > f(0.01) && v < f(0.99));
          if (!inside) continue;
          valid[at] = 1;
          for (const [k, v] of box.entries()) proposals[4 * at + k] = Math.log(v / (1 - v));
        }
    }
  return {
    proposals: sizeTable('EncoderProposals', batch, shapes, () => tf.tensor3d(proposals, [sizes.length, area, 4])),
    valid: sizeTable('EncoderProposalMask', batch, shapes, () => tf.tensor3d(valid, [sizes.length, area, 1])),
  };
}
