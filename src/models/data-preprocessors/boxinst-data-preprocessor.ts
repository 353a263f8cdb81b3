// BoxInstDataPreprocessor: what BoxInst learns masks from, made of boxes and colours (Tian et al., BoxInst, CVPR 2021): the masks
// of the ground truth are its boxes, whatever was loaded, and neighbouring pixels are compared in CIELAB. The reference reads
// the channels as RGB in any order; here a model of BGR images is compared right, too.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';
import { type InstanceMasks, RleBuilder } from '../../masks';
import { pairwiseOptions } from '../mask-heads/boxinst-mask-head';
import type { DetBatch } from '../types';
import { alikeNeighbours } from './color-similarity';
import { checkedPreprocessor, DetDataPreprocessor, preprocessorOptions } from './det-data-preprocessor';

const count = z.number().int().positive();
const options = z.strictObject({
  ...preprocessorOptions.shape,
  mask_stride: count
    .default(4)
    .describe("Pixels of the image for one that is compared: the mask_head's mask_out_stride"),
  ...pairwiseOptions,
  pairwise_color_thresh: z
    .number()
    .gt(0)
    .max(1)
    .default(0.3)
    .describe('Lowest similarity of neighbours that look alike'),
  bottom_pixels_removed: z
    .number()
    .int()
    .min(0)
    .default(10)
    .describe("Rows at the bottom that are not compared, in an image of the batch's height"),
});
export type BoxInstDataPreprocessorOptions = z.output<typeof options>;

export class BoxInstDataPreprocessor extends DetDataPreprocessor {
  constructor(private readonly boxInst: BoxInstDataPreprocessorOptions) {
    super(boxInst);
  }

  override forward(samples: PackedSample[], { training = false, iteration = 0 } = {}): DetBatch {
    const batch = super.forward(samples, { training, iteration });
    if (!training) return batch;
    return {
      ...batch,
      samples: batch.samples.map((sample) => withBoxMasks(sample, batch.batchShape)),
      alike: this.alike(batch),
    };
  }

  /** By image: see `alikeNeighbours`. */
  private alike({ inputs, samples, batchShape }: DetBatch): Uint8Array[] {
    const { mask_stride: stride } = this.boxInst;
    const [h, w] = batchShape.map((side) => Math.floor(side / stride));
    if (h === 0 || w === 0)
      throw new DetLabError(
        `Cannot compare the pixels of images of ${batchShape.join(' x ')}: expected at least mask_stride (${stride}) pixels a side`,
      );
    const means = tf.tidy(() => {
      const restored = tf.add(tf.mul(inputs, tf.tensor1d(this.scale)), tf.tensor1d(this.shift));
      return tf.avgPool<tf.Tensor4D>(restored as tf.Tensor4D, stride, stride, 'valid').dataSync<'float32'>();
    });
    const size = h * w * 3;
    return samples.map(({ meta }, i) => {
      const pixels = Uint8Array.from(means.subarray(i * size, (i + 1) * size), (v) => Math.min(Math.max(v, 0), 255));
      if (this.order === 'bgr') for (let p = 0; p < size; p += 3) pixels.subarray(p, p + 3).reverse();
      return alikeNeighbours(pixels, this.knownPixels(meta.imgShape, batchShape, [h, w]), [h, w], this.boxInst);
    });
  }

  /** 1 for the pixels of the image, but for those at its bottom [h, w]. */
  private knownPixels([height, width]: [number, number], [batchHeight]: [number, number], [h, w]: [number, number]) {
    const { mask_stride: stride, bottom_pixels_removed: removed } = this.boxInst;
    const bottom = height - Math.floor((removed * height) / batchHeight);
    const start = Math.floor(stride / 2);
    return Uint8Array.from({ length: h * w }, (_, p) =>
      start + stride * Math.floor(p / w) < bottom && start + stride * (p % w) < width ? 1 : 0,
    );
  }
}

/** The boxes, to whole pixels, for masks. */
function withBoxMasks(sample: PackedSample, [height, width]: [number, number]): PackedSample {
  const { bboxes, labels } = sample.truths;
  const bounded = (v: number, side: number) => Math.min(Math.max(Math.trunc(v), 0), side);
  const masks = Array.from(labels, (_, i) => {
    const [x1, y1, x2, y2] = bboxes.subarray(4 * i, 4 * i + 4);
    const [top, bottom] = [bounded(y1, height), bounded(y2 + 1, height)];
    const builder = new RleBuilder();
    for (let x = bounded(x1, width); x < bounded(x2 + 1, width); x++)
      builder.add(x * height + top, x * height + bottom);
    return builder.finish(height, width);
  });
  const boxes: InstanceMasks = { kind: 'bitmap', height, width, masks };
  return { ...sample, truths: { ...sample.truths, masks: boxes } };
}

export const boxInstDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'BoxInstDataPreprocessor',
  summary: 'DetDataPreprocessor that makes the masks of BoxInst from boxes and colours',
  paper: 'Tian et al., BoxInst: High-Performance Instance Segmentation with Box Annotations, CVPR 2021',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32',
  example:
    "{ type: 'BoxInstDataPreprocessor', mean: [123.675, 116.28, 103.53], std: [58.395, 57.12, 57.375], bgr_to_rgb: true, pad_size_divisor: 32, mask_stride: 4 }",
  options,
  infer: checkedPreprocessor,
  build: (o) => new BoxInstDataPreprocessor(o),
});
