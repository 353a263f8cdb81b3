// The classes that a semantic head learns: those of the maps of a batch at every so many pixels.

import { DetLabError } from '../../../errors';
import type { DetBatch } from '../../types';

/**
 * Class of the nearest pixel of each position of a grid [height, width] over the batch, a step of `step` pixels apart; [N height width].
 * @throws DetLabError for an image without a map, or one smaller than the batch where maps are not padded
 */
export function semanticTargets(
  { samples, batchShape, semanticPad }: DetBatch,
  [height, width]: readonly [number, number],
  step: number,
): Int32Array {
  const targets = new Int32Array(samples.length * height * width).fill(semanticPad ?? 0);
  for (const [i, { semantic, meta }] of samples.entries()) {
    if (!semantic)
      throw new DetLabError(
        `Cannot compute the semantic loss on "${meta.imgPath}": its semantic map was not loaded. Set with_seg to true in ` +
          'LoadAnnotations of the training pipeline',
      );
    const { data, width: w, height: h } = semantic;
    if (semanticPad === undefined && (h !== batchShape[0] || w !== batchShape[1]))
      throw new DetLabError(
        `Cannot compute the semantic loss on "${meta.imgPath}": its semantic map is ${h} x ${w}, the batch ` +
          `${batchShape.join(' x ')}. Set pad_seg to true in data_preprocessor`,
      );
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const [row, column] = [Math.floor(y * step), Math.floor(x * step)];
        if (row < h && column < w) targets[(i * height + y) * width + x] = data[row * w + column];
      }
  }
  return targets;
}
