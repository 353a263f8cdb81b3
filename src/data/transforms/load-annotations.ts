// LoadAnnotations: loads the ground truth of a record into the sample. As in MMDetection, an object with an invalid
// segmentation is ignored, and so is one with run lengths where polygons are expected. Unlike there, so is one without any; it
// keeps its annotated box with mask2bbox, where MMYOLO leaves it out and trains on it as background.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import {
  boxesOfMasks,
  type InstanceMasks,
  mergePolygons,
  type Rle,
  type Segmentation,
  segmentationToRle,
  usablePolygons,
} from '../../masks';
import type { ImageRecord, Truths } from '../types';
import type { Transform } from './sample';

export const LoadAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadAnnotations',
  summary: 'Loads ground-truth boxes, labels and masks',
  origin: 'mmcv and MMDetection',
  shapes: 'annotations of the dataset -> boxes [n, 4] xyxy, labels [n], ignored [n]',
  example: "{ type: 'LoadAnnotations', with_bbox: true }",
  options: z.strictObject({
    with_bbox: z.boolean().default(true).describe('Load boxes'),
    with_label: z.boolean().default(true).describe('Load labels; false: every label is 0'),
    with_mask: z.boolean().default(false).describe('Load masks'),
    with_seg: z.literal(false).default(false).describe('Only false: segmentation maps are not read'),
    poly2mask: z
      .boolean()
      .optional()
      .describe(
        'Convert masks to bitmaps; false: keep polygons. Default: true, with mask2bbox or merge_polygons false',
      ),
    with_keypoints: z.literal(false).default(false).describe('Only false: keypoints are not read'),
    reduce_zero_label: z.boolean().default(false).describe('Accepted: of segmentation maps, which are not read'),
    ignore_index: z.number().int().default(255).describe('Accepted: of segmentation maps, which are not read'),
    imdecode_backend: z.string().default('cv2').describe('Accepted: of segmentation maps, which are not read'),
    box_type: z.literal('hbox').default('hbox').describe('Only "hbox": axis-aligned boxes'),
    backend_args: z.null().default(null).describe('Only null'),
    mask2bbox: z.boolean().default(false).describe('Boxes are those around the polygons (MMYOLO)'),
    merge_polygons: z
      .boolean()
      .optional()
      .describe("Join the polygons of an object to one (MMYOLO's); default: with mask2bbox"),
    file_client_args: z.unknown().optional().describe('Accepted: annotations are in memory'),
  }),
  build: (options): Transform => {
    const { with_mask, mask2bbox, merge_polygons = mask2bbox } = options;
    const polygons = keepsPolygons(options);
    if (mask2bbox && !with_mask)
      throw new DetLabError('Cannot build LoadAnnotations: mask2bbox needs masks. Set with_mask: true');
    if (!polygons && (mask2bbox || merge_polygons))
      throw new DetLabError(
        'Cannot build LoadAnnotations: mask2bbox and merge_polygons need polygons, and poly2mask makes bitmaps of them. ' +
          'Remove one of them',
      );
    return (sample) => {
      const { bboxes, labels, ignored, instanceIds } = sample.record.truths;
      const n = options.with_bbox ? labels.length : 0;
      sample.truths = {
        bboxes: bboxes.slice(0, 4 * n),
        labels: options.with_label ? labels.slice(0, n) : new Int32Array(n),
        ignored: ignored.slice(0, n),
        ...(instanceIds && { instanceIds: instanceIds.slice(0, n) }),
      };
      if (!with_mask) return sample;
      const { masks, unusable } = loadMasks(sample.record, sample.meta.oriShape, !polygons, merge_polygons);
      for (const i of unusable) if (i < n) sample.truths.ignored[i] = 1;
      sample.truths.masks = masks;
      if (mask2bbox) refineBoxes(sample.truths, masks, unusable);
      return sample;
    };
  },
});

/** Whether masks stay polygons: as given, or by the options that only MMYOLO's LoadAnnotations has. */
export const keepsPolygons = (options: {
  poly2mask?: unknown;
  mask2bbox?: unknown;
  merge_polygons?: unknown;
}): boolean =>
  options.poly2mask === undefined
    ? options.mask2bbox === true || options.merge_polygons !== undefined
    : options.poly2mask === false;

/** Replaces the boxes of the objects that have a usable outline. */
function refineBoxes({ bboxes }: Truths, masks: InstanceMasks, unusable: readonly number[]): void {
  const around = boxesOfMasks(masks);
  for (let i = 0; i < bboxes.length / 4; i++)
    if (!unusable.includes(i)) bboxes.set(around.subarray(4 * i, 4 * i + 4), 4 * i);
}

/** The masks of a record in the frame of its image, and the indices of invalid ones. */
function loadMasks(
  { segmentations, truths }: ImageRecord,
  [height, width]: [number, number],
  bitmaps: boolean,
  merge: boolean,
): { masks: InstanceMasks; unusable: number[] } {
  const count = truths.labels.length;
  const unusable: number[] = [];
  const readEach = <T>(read: (segmentation: Segmentation) => T | undefined, empty: T): T[] =>
    Array.from({ length: count }, (_, i) => {
      const segmentation = segmentations?.[i];
      const mask = segmentation && read(segmentation);
      if (mask === undefined) unusable.push(i);
      return mask ?? empty;
    });
  if (!bitmaps) {
    const masks = readEach(
      (s) => {
        const parts = Array.isArray(s) ? usablePolygons(s) : [];
        if (parts.length === 0) return undefined;
        return merge ? [mergePolygons(parts)] : parts.map((part) => Float64Array.from(part));
      },
      [new Float64Array(6)],
    );
    return { masks: { kind: 'polygon', height, width, masks }, unusable };
  }
  const none: Rle = { height, width, counts: Uint32Array.of(height * width) };
  const masks = readEach((s) => bitmapOf(s, height, width), none);
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
