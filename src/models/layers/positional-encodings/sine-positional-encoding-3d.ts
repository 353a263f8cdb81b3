// Sine positional encoding of a clip: that of SinePositionalEncoding in each frame, and the number of the frame, over all channels, added to
// it (Cheng et al., Mask2Former for Video Instance Segmentation, arXiv 2021).

import * as tf from '@tensorflow/tfjs';
import { defineModule } from '../../../catalogue/registry';
import { Module } from '../../../nn/module';
import { type SineOptions, SinePositionalEncoding, sineOptions, sinePairs } from './sine-positional-encoding';

export class SinePositionalEncoding3D extends Module {
  private readonly inFrames: SinePositionalEncoding;

  constructor(private readonly options: SineOptions) {
    super();
    this.inFrames = new SinePositionalEncoding(options);
  }

  /** Of clips [B, T, H, W], nothing of them padded: [B, T, H, W, 2 num_feats]. */
  forward([clips, length, height, width]: [number, number, number, number]): tf.Tensor5D {
    const { num_feats, temperature, normalize, scale, eps, offset } = this.options;
    return tf.tidy(() => {
      const frame = this.inFrames.forward([1, height, width]).reshape([1, 1, height, width, 2 * num_feats]);
      const f = Math.fround;
      const numbers = Float32Array.from({ length }, (_, t) =>
        normalize ? f(f(f(t + 1 + offset) / f(length + eps)) * f(scale)) : t + 1,
      );
      const time = sinePairs(tf.tensor2d(numbers, [length, 1]), num_feats, temperature);
      const clip = tf.add(frame, time.reshape([1, length, 1, 1, 2 * num_feats]));
      return tf.tile(clip, [clips, 1, 1, 1, 1]) as tf.Tensor5D;
    });
  }
}

export const sinePositionalEncoding3DDefinition = defineModule({
  kind: 'positional_encoding',
  type: 'SinePositionalEncoding3D',
  summary: 'Sine and cosine encoding of the frame, row and column of each position of a clip',
  paper: 'Cheng et al., Mask2Former for Video Instance Segmentation, arXiv 2021',
  shapes: 'size of clips [N, T, H, W] -> [N, T, H, W, 2 * num_feats]',
  example: "{ type: 'SinePositionalEncoding3D', num_feats: 128, normalize: true }",
  options: sineOptions.refine((o) => o.num_feats % 2 === 0, { message: 'num_feats must be even', path: ['num_feats'] }),
  build: (options) => new SinePositionalEncoding3D(options),
});
