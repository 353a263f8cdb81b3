// An image as the network gets it in prediction: decoded, and through the test pipeline of a config.

import type { ConfigObject } from '../config';
import {
  buildPipeline,
  type ImageInput,
  isProblem,
  loadsAnnotations,
  openSource,
  type PackedSample,
  type PixelImage,
} from '../data';
import { DetLabError, nameOfValue } from '../errors';
import { catalogue } from './catalogue';
import { evaluationPipeline } from './evaluation-pipeline';
import { packed } from './prediction/packed';

export type { ImageInput } from '../data';

/** The pixels of one image. @throws DetLabError for what is no single image, and for pixels that do not fit their size */
export async function pixelsOfInput(input: ImageInput): Promise<PixelImage> {
  const { kind, images } = await openSource(input);
  if (kind === 'image') for await (const image of images) if (!isProblem(image)) return (await image.read()).pixels;
  throw new DetLabError(`Cannot use ${nameOfValue(input)}: expected one image, received several`);
}

/** Makes the samples of images, whose `source` is their name in messages. */
export type TestSampler = (pixels: PixelImage, source: string) => Promise<PackedSample>;

export function testSampler(config: ConfigObject): TestSampler {
  const { steps, path } = evaluationPipeline(config, 'test');
  const pipeline = buildPipeline(
    steps.filter((t) => !loadsAnnotations(t.type)),
    catalogue,
    path,
  );
  return (pixels, source) => packed(pipeline, pixels, source);
}

/** @param source name of the image for messages */
export async function testSample(pixels: PixelImage, config: ConfigObject, source: string): Promise<PackedSample> {
  return testSampler(config)(pixels, source);
}
