// An image that belongs to no dataset, through a pipeline.

import type { Pipeline } from '../../data/pipeline';
import type { ImageRecord, PackedSample, PixelImage } from '../../data/types';
import { Random } from '../../random';

/** @param source name of the image for messages */
export function packed(pipeline: Pipeline, pixels: PixelImage, source: string): Promise<PackedSample> {
  const { width, height } = pixels;
  const record: ImageRecord = {
    id: 0,
    path: source,
    width,
    height,
    truths: { bboxes: new Float32Array(), labels: new Int32Array(), ignored: new Uint8Array() },
    areas: new Float32Array(),
    annotationIds: [],
  };
  // transforms may change pixels in place
  return pipeline.run(record, Random.seeded(0), { ...pixels, data: pixels.data.slice() });
}
