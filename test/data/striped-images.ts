// Small images written to disk for the tests of loaders: stripes, every third upright, with the boxes asked for.

import path from 'node:path';
import sharp from 'sharp';
import type { Dataset, ImageRecord } from '../../src/data/types';

/** `boxes`: corners, four numbers a box, the same on every image. */
export async function stripedImages(
  folder: string,
  count: number,
  boxes: number[],
  labels: (image: number) => number[],
): Promise<Dataset> {
  const records: ImageRecord[] = [];
  for (let i = 0; i < count; i++) {
    const [width, height] = i % 3 === 0 ? [24, 32] : [32, 24];
    const file = path.join(folder, `${i}.png`);
    const pixels = Buffer.from(Array.from({ length: width * height * 3 }, (_, k) => (k * (i + 3)) % 256));
    await sharp(pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    const areas = labels(i).map((_, k) => {
      const [x1, y1, x2, y2] = boxes.slice(4 * k);
      return (x2 - x1) * (y2 - y1);
    });
    records.push({
      id: i,
      path: file,
      width,
      height,
      truths: {
        bboxes: Float32Array.from(boxes),
        labels: Int32Array.from(labels(i)),
        ignored: new Uint8Array(areas.length),
      },
      areas: Float32Array.from(areas),
      annotationIds: [i],
    });
  }
  return { name: 'stripes', classes: ['a', 'b'], records, problems: [] };
}
