// An image as the network gets it in prediction: decoded, and through the test pipeline of a config.

import type { ConfigObject } from '../config';
import { buildPipeline, decodeImage, type PackedSample, type PixelImage } from '../data';
import { DetLabError } from '../errors';
import { catalogue } from './catalogue';
import { evaluationPipeline } from './evaluation-pipeline';
import { packed } from './inference/packed';

/** The path of an image file, its bytes, or pixels. */
export type ImageInput = string | Uint8Array | PixelImage;

/** The pixels of an image. @throws DetLabError for pixels that do not fit their size */
export async function pixelsOfInput(input: ImageInput): Promise<PixelImage> {
  return typeof input === 'string' || input instanceof Uint8Array ? decodeImage(input) : checkedPixels(input);
}

/** @param source name of the image for messages */
export function testSample(pixels: PixelImage, config: ConfigObject, source: string): Promise<PackedSample> {
  const { steps, path } = evaluationPipeline(config, 'test');
  const transforms = steps.filter((t) => !t.type.endsWith('LoadAnnotations'));
  return packed(buildPipeline(transforms, catalogue, path), pixels, source);
}

function checkedPixels(image: PixelImage): PixelImage {
  const { data, width, height } = image;
  if (data?.length === width * height * 3 && width > 0) return image;
  throw new DetLabError(
    `Cannot predict on these pixels: expected { data: Uint8Array of height x width x 3, width, height, order }, received ` +
      `${data?.length ?? 'no'} values for ${width} x ${height}`,
  );
}
