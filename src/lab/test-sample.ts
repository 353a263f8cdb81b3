// An image as the network gets it in prediction: decoded, and through the test pipeline of a config.

import type { ConfigObject } from '../config';
import {
  buildPipeline,
  type ImageInput,
  type ImageRecord,
  isProblem,
  openSource,
  type PackedSample,
  type PixelImage,
} from '../data';
import { DetLabError, nameOfValue } from '../errors';
import { Random } from '../random';
import { catalogue } from './catalogue';
import { evaluationPipeline } from './evaluation-pipeline';

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
    steps.filter((t) => !t.type.endsWith('LoadAnnotations')),
    catalogue,
    path,
  );
  const none = { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() };
  return (pixels, source) => {
    const { width, height } = pixels;
    const record: ImageRecord = {
      id: 0,
      path: source,
      width,
      height,
      truths: none,
      areas: new Float32Array(),
      annotationIds: [],
    };
    return pipeline.run(record, Random.seeded(0), { ...pixels, data: pixels.data.slice() });
  };
}

/** @param source name of the image for messages */
export async function testSample(pixels: PixelImage, config: ConfigObject, source: string): Promise<PackedSample> {
  return testSampler(config)(pixels, source);
}
