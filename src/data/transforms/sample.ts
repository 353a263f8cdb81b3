// What a transform takes and gives: one image on its way from disk to the model.

import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import type { ImageMeta, ImageRecord, PackedSample, PixelImage, ProposalBoxes, Truths } from '../types';

export interface Sample {
  record: ImageRecord;
  /** Set by LoadImageFromFile (or given, when pixels are predicted directly). */
  image?: PixelImage;
  /** Set by LoadAnnotations; transforms before it leave the truths in the original image's frame. */
  truths?: Truths;
  /** Set by LoadProposals; whatever moves the truths' boxes moves these. */
  proposals?: ProposalBoxes;
  meta: ImageMeta;
  /** Set by PackDetInputs. */
  packed?: PackedSample;
}

/** One step of a pipeline. It may change the sample in place but never the record, which belongs to the data set. */
export type Transform = (sample: Sample, random: Random) => Sample | Promise<Sample>;

/** A sample at the start of a pipeline. */
export function sampleOf(record: ImageRecord): Sample {
  const shape: [number, number] = [record.height, record.width];
  return {
    record,
    meta: {
      imgId: record.id,
      imgPath: record.path,
      oriShape: shape,
      imgShape: shape,
      scaleFactor: [1, 1],
      flip: false,
    },
  };
}

/** The pixels of a sample, or an error that says which transform should have come first. */
export function pixelsOf(sample: Sample, transform: string): PixelImage {
  if (sample.image) return sample.image;
  throw new DetLabError(
    `Cannot run ${transform} on "${sample.record.path}": expected pixels, received none. ` +
      `Put { type: 'LoadImageFromFile' } before ${transform} in the pipeline`,
  );
}
