// TrackDataPreprocessor: DetDataPreprocessor of the frames of videos. In training those of a clip follow one another in the batch; in
// prediction they come as they are. With use_det_processor images train the model, each for itself.

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
    .describe('Train on images, each for itself; false: on clips, frames of a video that are learned together'),
});

export class TrackDataPreprocessor extends DetDataPreprocessor {
  private readonly trainsOnImages: boolean;

  constructor(given: z.output<typeof options>) {
    super(given);
    this.trainsOnImages = given.use_det_processor;
  }

  /** @throws DetLabError where images come in place of clips, or clips in place of images */
  override forward(samples: PackedSample[], { training = false, iteration = 0 } = {}): DetBatch {
    const [first] = samples;
    const length = 1 + (first?.clip?.others.length ?? 0);
    if (training && this.trainsOnImages && first?.clip)
      throw new DetLabError(
        'Cannot train on clips: data_preprocessor.use_det_processor is true, which is for images. Remove UniformRefFrameSample from the ' +
          'pipeline, or set use_det_processor to false',
      );
    if (!training || this.trainsOnImages) return super.forward(samples, { training, iteration });
    const other = samples.find(({ clip }) => !clip || clip.others.length + 1 !== length);
    if (other)
      throw new DetLabError(
        `Cannot train on "${other.meta.imgPath}" alone: expected ${length > 1 ? length : 'several'} frames of its video, received ` +
          `${1 + (other.clip?.others.length ?? 0)}. Put { type: 'UniformRefFrameSample' } first in the pipeline of training; a model that ` +
          'learns from images, such as ByteTrack, has use_det_processor: true in its data_preprocessor',
      );
    const frames = samples.flatMap(({ clip, ...key }) => {
      const { others, before } = clip!;
      return [...others.slice(0, before), key, ...others.slice(before)];
    });
    const clips = { length, keys: samples.map(({ clip }) => clip!.before) };
    return { ...super.forward(frames, { training, iteration }), clips };
  }
}

export const trackDataPreprocessor = defineModule({
  kind: 'data_preprocessor',
  type: 'TrackDataPreprocessor',
  summary: 'DetDataPreprocessor of the frames of videos',
  origin: 'MMDetection',
  shapes: '8-bit images of any size -> [N, H, W, 3] float32; of clips of T frames [N * T, H, W, 3]',
  example: "{ type: 'TrackDataPreprocessor', pad_size_divisor: 32, use_det_processor: true }",
  options,
  infer: checkedPreprocessor,
  build: (given) => new TrackDataPreprocessor(given),
});
