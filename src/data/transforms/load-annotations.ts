// LoadAnnotations: the record's truths join the sample. Transforms that follow move boxes and masks with the pixels. As in
// MMDetection, an object whose outline cannot be used is ignored, one of run lengths also where polygons are asked for.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { type InstanceMasks, type Rle, type Segmentation, segmentationToRle, usablePolygons } from '../../masks';
import type { ImageRecord } from '../types';
import type { Transform } from './sample';

export const LoadAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadAnnotations',
  summary: "Takes a record's boxes, labels and masks into the sample",
  origin: 'mmcv and MMDetection',
  shapes: 'annotations of the data set -> boxes [n, 4] xyxy, labels [n], ignored [n]',
  example: "{ type: 'LoadAnnotations', with_bbox: true }",
  options: z.strictObject({
    with_bbox: z.boolean().default(true).describe('Take the boxes'),
    with_label: z.boolean().default(true).describe('Take the labels; without them every label is 0'),
    with_mask: z.boolean().default(false).describe('Take the masks'),
    with_seg: z.literal(false).default(false).describe('Only false: segmentation maps are not read'),
    poly2mask: z.boolean().default(true).describe('Masks become bitmaps, else they stay polygons'),
    box_type: z.literal('hbox').default('hbox').describe('Only "hbox": upright boxes'),
    backend_args: z.null().default(null).describe('Only null'),
  }),
  build:
    (options): Transform =>
    (sample) => {
      const { bboxes, labels, ignored } = sample.record.truths;
      const n = options.with_bbox ? labels.length : 0;
      sample.truths = {
        bboxes: bboxes.slice(0, 4 * n),
        labels: options.with_label ? labels.slice(0, n) : new Int32Array(n),
        ignored: ignored.slice(0, n),
      };
      if (options.with_mask) {
        const { masks, unusable } = loadMasks(sample.record, sample.meta.oriShape, options.poly2mask);
        for (const i of unusable) if (i < n) sample.truths.ignored[i] = 1;
        sample.truths.masks = masks;
      }
      return sample;
    },
});

/** The masks of a record in its own frame, and which of them could not be used. */
function loadMasks(
  { segmentations, truths, path }: ImageRecord,
  [height, width]: [number, number],
  bitmaps: boolean,
): { masks: InstanceMasks; unusable: number[] } {
  const count = truths.labels.length;
  if (count > 0 && !segmentations)
    throw new DetLabError(
      `Cannot load the masks of "${path}": its annotations have no segmentation. Set with_mask to false in ` +
        'LoadAnnotations, or use data with masks',
    );
  const unusable: number[] = [];
  const every = <T>(read: (segmentation: Segmentation) => T | undefined, empty: T): T[] =>
    Array.from({ length: count }, (_, i) => {
      const segmentation = segmentations?.[i];
      const found = segmentation && read(segmentation);
      if (found === undefined) unusable.push(i);
      return found ?? empty;
    });
  if (!bitmaps) {
    const masks = every(
      (s) => {
        const parts = Array.isArray(s) ? usablePolygons(s) : [];
        return parts.length > 0 ? parts.map((part) => Float64Array.from(part)) : undefined;
      },
      [new Float64Array(6)],
    );
    return { masks: { kind: 'polygon', height, width, masks }, unusable };
  }
  const none: Rle = { height, width, counts: Uint32Array.of(height * width) };
  const masks = every((s) => bitmapOf(s, height, width), none);
  return { masks: { kind: 'bitmap', height, width, masks }, unusable };
}

function bitmapOf(segmentation: Segmentation, height: number, width: number): Rle | undefined {
  if (Array.isArray(segmentation)) {
    const parts = usablePolygons(segmentation);
    return parts.length > 0 ? segmentationToRle(parts, height, width) : undefined;
  }
  if (segmentation.size[0] !== height || segmentation.size[1] !== width) return undefined;
  try {
    return segmentationToRle(segmentation, height, width);
  } catch (error) {
    if (error instanceof DetLabError) return undefined;
    throw error;
  }
}
