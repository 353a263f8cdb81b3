// TrackDataPreprocessor: DetDataPreprocessor of the frames of videos. They come one by one here, so that both do the same; a model
// that learns from several frames at once is not there yet, hence images train it (`use_det_processor`).

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';
import type { DetBatch } from '../types';
import { checkedPreprocessor, DetDataPreprocessor, preprocessorOptions } from './det-data-preprocessor';

const options = z.strictObject({
  ...preprocessorOptions.shape,
  use_det_processor: z
    .boolean()
    .default(false)
    .describe('Train on images, each for itself; false: on several frames of a video, which is not there yet'),
});

export class TrackDataPreprocessor extends DetDataPreprocessor {
  private readonly trainsOnImages: boolean;

  constructor(given: z.output<typeof options>) {
    super(given);
    this.trainsOnImages = given.use_det_processor;
  }

  override forward(samples: PackedSample[], { training = false, iteration = 0 } = {}): DetBatch {
    if (training && !this.trainsOnImages)
      throw new DetLabError(
        'Cannot train on several frames of a video at once: not there yet. Set data_preprocessor.use_det_processor to true, ' +
          'which trains the detector on images',
      );
    return super.forward(samples, { training, iteration });
  }
}

export const trackDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'TrackDataPreprocessor',
  summary: 'DetDataPreprocessor of the frames of videos',
  origin: 'MMDetection',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32',
  example: "{ type: 'TrackDataPreprocessor', pad_size_divisor: 32, use_det_processor: true }",
  options,
  infer: checkedPreprocessor,
  build: (given) => new TrackDataPreprocessor(given),
});
