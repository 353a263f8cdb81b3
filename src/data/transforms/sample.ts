// What a transform takes and gives: one image on its way from disk to the model.

import { DetLabError } from '../../errors';
import type { Random } from '../../random';
import type { AnyImage, ImageMeta, ImageRecord, PackedSample, PixelImage, ProposalBoxes, Truths } from '../types';

export interface Sample {
  record: ImageRecord;
  /** Set by LoadImageFromFile (or given, when pixels are predicted directly). */
  image?: AnyImage;
  /** Set by LoadAnnotations; transforms before it leave the truths in the original image's frame. */
  truths?: Truths;
  /** Set by LoadProposals; whatever moves the truths' boxes moves these. */
  proposals?: ProposalBoxes;
  meta: ImageMeta;
  /** The other images of the data set, where the pipeline puts several into one. */
  companions?: Companions;
  /** Set by PackDetInputs. */
  packed?: PackedSample;
}

/**
 * One step of a pipeline. It may put new pixels, truths and meta into the sample, but never writes into the arrays it was
 * given: they may belong to the data set or be kept for other samples. Undefined: this sample is of no use, take another.
 */
export type Transform = (sample: Sample, random: Random) => Sample | undefined | Promise<Sample | undefined>;

/** The other images of a data set, for transforms that put several into one. */
export interface Companions {
  /** Images of the data set. */
  readonly count: number;
  /** True inside a MultiImageMixDataset, whose own pipeline loads the other images. */
  readonly wrapped: boolean;
  record(index: number): ImageRecord;
  /** Image `index` after `steps`, or after the wrapper's own; undefined where it cannot be used. */
  load(index: number, random: Random, steps?: readonly Transform[]): Promise<Sample | undefined>;
  /** Samples that came before this one since training began. */
  readonly before: number;
  /** The sample `age` before this one as it came to the step that asks (0: this one); undefined where it had no use. */
  earlier(age: number): Promise<Sample | undefined>;
}

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
export function pixelsOf(sample: Sample, transform: string): AnyImage {
  if (sample.image) return sample.image;
  throw new DetLabError(
    `Cannot run ${transform} on "${sample.record.path}": expected pixels, received none. ` +
      `Put { type: 'LoadImageFromFile' } before ${transform} in the pipeline`,
  );
}

/** The pixels of a sample for a transform that works on 8-bit values alone. */
export function bytesOf(sample: Sample, transform: string): PixelImage {
  const image = pixelsOf(sample, transform);
  if (image.data instanceof Uint8Array) return { ...image, data: image.data };
  throw new DetLabError(
    `Cannot run ${transform} on "${sample.record.path}": expected 8-bit pixels, received fractions. ` +
      `Put ${transform} before PhotoMetricDistortion in the pipeline`,
  );
}

/** The truths of a sample; none where they were not loaded. */
export function truthsOf({ truths }: Sample): Truths {
  return truths ?? { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
}

/** Puts `image` in place of a sample's pixels. */
export function replacePixels(sample: Sample, image: AnyImage): void {
  sample.image = image;
  sample.meta.imgShape = [image.height, image.width];
}

/** Runs steps one after the other; undefined as soon as one finds the sample of no use. */
export async function runSteps(
  steps: readonly Transform[],
  sample: Sample,
  random: Random,
): Promise<Sample | undefined> {
  let current: Sample | undefined = sample;
  for (const step of steps) {
    current = await step(current, random);
    if (!current) return undefined;
  }
  return current;
}

declare module '../../catalogue/registry' {
  interface Built {
    transform: Transform;
  }
}
