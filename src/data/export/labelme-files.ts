// labelme: a JSON file beside each image. Boxes are rectangles, outlines polygons (of several parts with a common group_id) or masks;
// what labelme has no word for, crowds and ignored objects, is in the flags of a shape.

import sharp from 'sharp';
import { decodeRle, rleToBox, type Segmentation, segmentationToRle } from '../../masks';
import type { ImageRecord } from '../types';
import {
  countObjectsOf,
  type ExportedObject,
  type ExportFiles,
  type ExportPart,
  objectsAre,
  objectsOf,
  stemOf,
} from './export-files';

export function labelmeFiles(parts: readonly ExportPart[], classes: readonly string[]): ExportFiles {
  const ignored = countObjectsOf(parts, (object) => object.ignored);
  return {
    images: ({ name }) => name,
    async *files() {
      for (const { name, dataset, names, left } of parts)
        for (const [i, record] of dataset.records.entries()) {
          const shapes: object[] = [];
          for (const [k, object] of objectsOf(record).entries())
            shapes.push(...(await shapesOf(object, k + 1, record, classes)));
          const content = {
            version: '5.5.0',
            flags: {},
            shapes,
            imagePath: left?.[i] ?? names[i],
            imageData: null,
            imageHeight: record.height,
            imageWidth: record.width,
          };
          yield [`${name}/${stemOf(names[i])}.json`, `${JSON.stringify(content)}\n`];
        }
    },
    losses: ignored > 0 ? [`${objectsAre(ignored)} ignored, written with flags that other readers do not know`] : [],
  };
}

async function shapesOf(
  object: ExportedObject,
  group: number,
  record: ImageRecord,
  classes: readonly string[],
): Promise<object[]> {
  const { label, box, outline, crowd, ignored } = object;
  const [x1, y1, x2, y2] = box;
  const flags = crowd ? { crowd: true } : ignored ? { ignored: true } : {};
  const shape = (shape_type: string, points: number[][], more: object = {}) => ({
    ...{ label: classes[label], points, group_id: null, description: '', shape_type, flags, mask: null },
    ...more,
  });
  if (outline === undefined) return [shape('rectangle', [[x1, y1], [x2, y2]])]; // biome-ignore format: two corners
  if (!Array.isArray(outline)) return [await maskShape(outline, record, shape)];
  const several = outline.length > 1 ? { group_id: group } : {};
  return outline.map((polygon) => {
    const points = Array.from({ length: polygon.length / 2 }, (_, i) => [polygon[2 * i], polygon[2 * i + 1]]);
    return shape('polygon', points, several);
  });
}

/** A mask cut to its box, whose last corner is the last pixel. */
async function maskShape(
  outline: Segmentation,
  { width, height }: ImageRecord,
  shape: (type: string, points: number[][], more: object) => object,
): Promise<object> {
  const rle = segmentationToRle(outline, height, width);
  const [x, y, w, h] = rleToBox(rle);
  const whole = decodeRle(rle);
  const cut = new Uint8Array(w * h);
  for (let row = 0; row < h; row++)
    for (let column = 0; column < w; column++) cut[row * w + column] = whole[(y + row) * width + x + column] ? 255 : 0;
  const png = await sharp(cut, { raw: { width: w, height: h, channels: 1 } })
    .png()
    .toBuffer();
  const corners = [[x, y], [x + w - 1, y + h - 1]]; // biome-ignore format: two corners
  return shape('mask', corners, { mask: png.toString('base64') });
}
