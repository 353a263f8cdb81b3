// The contract of transforms: a sample, one image on its way from disk to the model.

import { DetLabError } from '../../errors';
import type { SemanticMap } from '../../masks';
import type { Random } from '../../random';
import { recordMove } from '../homography';
import type {
  AnyImage,
  ClipFrames,
  ImageMeta,
  ImagePrompt,
  ImageRecord,
  PackedSample,
  PixelImage,
  ProposalBoxes,
  Truths,
} from '../types';

export interface Sample {
  record: ImageRecord;
  /** Set by LoadImageFromFile, or given when predicting from pixels. */
  image?: AnyImage;
  /** Set by LoadAnnotations, in the frame of the original image. */
  truths?: Truths;
  /** Set by LoadProposals; transformed as the ground-truth boxes are. */
  proposals?: ProposalBoxes;
  /** Set by LoadAnnotations with `with_seg`, of the size of the pixels. */
  semantic?: SemanticMap;
  /** What a detector on text is to find, where the dataset or a transform says it. */
  prompt?: ImagePrompt;
  meta: ImageMeta;
  /** Of a step that loads an image: what the steps after it need of it. */
  needed?: NeededSize;
  /** The other images of the dataset, if the pipeline mixes several. */
  otherImages?: OtherImages;
  /** Set by PackDetInputs. */
  packed?: PackedSample;
  /** Set by UniformRefFrameSample: the other frames that are loaded with this one. */
  clip?: ClipFrames<Sample>;
}

/** The size at which the next steps use an image, at most. */
export interface NeededSize {
  /** Distinct of needs that differ. */
  readonly key: string;
  /** @param batchShape of the record */
  of(width: number, height: number, batchShape?: readonly [number, number]): [number, number];
}

/**
 * One step of a pipeline. It may set new pixels, ground truth and metainfo on the sample, but never writes into the arrays
 * it received: they may belong to the dataset or be kept for other samples. Undefined: the sample is discarded, and another
 * image is loaded.
 */
export type Transform = (sample: Sample, random: Random) => Sample | undefined | Promise<Sample | undefined>;

/** The other images of a dataset, for transforms that mix several images. */
export interface OtherImages {
  /** Number of images in the dataset. */
  readonly count: number;
  /** Index of the sample's own record. */
  readonly index: number;
  /** True inside a MultiImageMixDataset, whose inner pipeline loads the other images. */
  readonly wrapped: boolean;
  record(index: number): ImageRecord;
  /** Image `index` after `steps` (default: the inner pipeline); undefined if it cannot be used. */
  load(index: number, random: Random, steps?: readonly Transform[]): Promise<Sample | undefined>;
  /** Number of samples before this one in the run. */
  readonly before: number;
  /** The sample `age` positions earlier, as the calling step received it (0: this one); undefined if it was unusable. */
  earlier(age: number): Promise<Sample | undefined>;
}

/** The sample that enters a pipeline. */
export function sampleOf(record: ImageRecord): Sample {
  const shape: [number, number] = [record.height, record.width];
  return {
    record,
    ...(record.prompt && { prompt: record.prompt }),
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

/** @throws DetLabError when the sample has no pixels yet, naming the missing transform. */
export function pixelsOf(sample: Sample, transform: string): AnyImage {
  if (sample.image) return sample.image;
  throw new DetLabError(
    `Cannot run ${transform} on "${sample.record.path}": expected pixels, received none. ` +
      `Put { type: 'LoadImageFromFile' } before ${transform} in the pipeline`,
  );
}

/** The size of an image in its file, or as it was resized to. */
export const fullSize = ({ full, width, height }: AnyImage): { width: number; height: number } =>
  full ?? { width, height };

/** The pixels of a sample, for transforms of 8-bit values. @throws DetLabError for float pixels. */
export function bytesOf(sample: Sample, transform: string): PixelImage {
  const image = pixelsOf(sample, transform);
  if (image.data instanceof Uint8Array) return { ...image, data: image.data };
  throw new DetLabError(
    `Cannot run ${transform} on "${sample.record.path}": expected 8-bit pixels, received floats. ` +
      `Put ${transform} before PhotoMetricDistortion in the pipeline, and leave to_float32 out of LoadImageFromFile`,
  );
}

/** The ground truth of a sample; empty if it was not loaded. */
export function truthsOf({ truths }: Sample): Truths {
  return truths ?? { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
}

/**
 * Replaces the pixels of a sample by others in another place.
 * @param moved first two rows of the map of their coordinates, where one matrix says it
 * @throws DetLabError for a sample with a semantic map, which would no longer be that of its pixels
 */
export function replacePixels(sample: Sample, image: AnyImage, moved?: readonly number[]): void {
  if (sample.semantic)
    throw new DetLabError(
      `Cannot move the semantic map of "${sample.record.path}" along with its pixels: of the transforms that move pixels, Resize, ` +
        'RandomFlip, RandomCrop and Pad do. Leave out the others, or set with_seg: false in LoadAnnotations',
    );
  sample.image = image;
  sample.meta.imgShape = [image.height, image.width];
  recordMove(sample.meta, moved);
}

/** Applies steps in order; undefined as soon as one discards the sample. */
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

/** A copy whose fields transforms may replace without changing the original. */
export const copyOf = (sample: Sample): Sample => ({
  ...sample,
  meta: { ...sample.meta },
  truths: sample.truths && { ...sample.truths },
  proposals: sample.proposals && { ...sample.proposals },
  ...(sample.clip && { clip: { ...sample.clip, others: sample.clip.others.map(copyOf) } }),
});

declare module '../../catalogue/registry' {
  interface Built {
    transform: Transform;
  }
}
