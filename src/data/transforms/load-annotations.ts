// LoadAnnotations: loads the ground truth of a record into the sample. As in MMDetection, an object with an invalid
// segmentation is ignored, and so is one with run lengths where polygons are expected. Unlike there, so is one without any; it
// keeps its annotated box with mask2bbox, where MMYOLO leaves it out and trains on it as background.

import { z } from 'zod';
import { anyValue, ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { clipBoxes } from '../../geometry/boxes';
import type { SemanticMap } from '../../masks';
import {
  boxesOfMasks,
  type InstanceMasks,
  mergePolygons,
  type Rle,
  type Segmentation,
  segmentationToRle,
  usablePolygons,
} from '../../masks';
import { recordCorners } from '../columns/record-corners';
import { readSemanticMap } from '../loading/map-readers';
import type { ImageRecord, Truths } from '../types';
import { BOX_TYPES, convertBoxes } from './convert-box-type';
import type { Transform } from './sample';

export const LoadAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadAnnotations',
  summary: 'Loads ground-truth boxes, labels, masks, keypoints and semantic maps',
  origin: 'mmcv and MMDetection',
  shapes: 'annotations of the dataset -> boxes [n, 4] xyxy, labels [n], ignored [n]',
  example: "{ type: 'LoadAnnotations', with_bbox: true }",
  options: z.strictObject({
    with_bbox: z.boolean().default(true).describe('Load boxes'),
    with_label: z.boolean().default(true).describe('Load labels; false: every label is 0'),
    with_mask: z.boolean().default(false).describe('Load masks'),
    with_seg: z.boolean().default(false).describe('Load the semantic map: the class of every pixel'),
    poly2mask: z
      .boolean()
      .optional()
      .describe(
        'Convert masks to bitmaps; false: keep polygons. Default: true, with mask2bbox or merge_polygons false',
      ),
    with_keypoints: z
      .boolean()
      .default(false)
      .describe('Load keypoints, of PoseCocoDataset; boxes are then cut at the last pixel of the image, as in MMPose'),
    reduce_zero_label: z
      .boolean()
      .default(false)
      .describe('Value 0 of semantic maps is ignored, the others are one less'),
    ignore_index: z.number().int().default(255).describe('Value of ignored pixels, with reduce_zero_label'),
    imdecode_backend: ignoredOption('semantic maps are PNG files of one channel', {
      schema: z.string().default('cv2'),
      harmless: anyValue,
    }),
    box_type: z
      .enum(BOX_TYPES)
      .default('hbox')
      .describe(
        'hbox: upright boxes; qbox: outlines of four corners as boxes (DOTA); rbox: the rotated boxes around these',
      ),
    backend_args: z.null().default(null).describe('Only null'),
    mask2bbox: z.boolean().default(false).describe('Boxes are those around the polygons (MMYOLO)'),
    merge_polygons: z
      .boolean()
      .optional()
      .describe("Join the polygons of an object to one (MMYOLO's); default: with mask2bbox"),
    file_client_args: ignoredOption('annotations are in memory', {
      schema: z.unknown().optional(),
      harmless: anyValue,
    }),
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
      const { bboxes, labels, ignored, instanceIds, weights } = sample.record.truths;
      const n = options.with_bbox ? labels.length : 0;
      sample.truths = {
        bboxes: bboxes.slice(0, 4 * n),
        labels: options.with_label ? labels.slice(0, n) : new Int32Array(n),
        ignored: ignored.slice(0, n),
        ...(instanceIds && { instanceIds: instanceIds.slice(0, n) }),
        ...(weights && { weights: weights.slice(0, n) }),
      };
      if (options.box_type !== 'hbox')
        sample.truths = convertBoxes({ ...sample.truths, qboxes: recordCorners(sample.record, n) }, options.box_type);
      if (options.with_keypoints) Object.assign(sample.truths, loadKeypoints(sample.record, n));
      if (options.with_seg) sample.semantic = loadSemantic(sample.record, sample.meta.oriShape, options);
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

/** The first `count` boxes and their keypoints; a hidden one counts as visible. @throws DetLabError without keypoints */
function loadKeypoints(
  { keypoints, path, truths, height, width }: ImageRecord,
  count: number,
): Pick<Truths, 'bboxes' | 'keypoints'> {
  if (!keypoints)
    throw new DetLabError(
      `Cannot load the keypoints of "${path}": its dataset has none. Use PoseCocoDataset or dataset.coco with keypoints: true, ` +
        'or set with_keypoints: false in LoadAnnotations',
    );
  const points = keypoints.points
    .subarray(0, 3 * keypoints.flipIndices.length * count)
    .map((v, i) => (i % 3 === 2 ? Math.min(v, 1) : v));
  return {
    bboxes: clipBoxes(truths.bboxes.slice(0, 4 * count), [height - 1, width - 1]),
    keypoints: { ...keypoints, points },
  };
}

/** The semantic map of a record. @throws DetLabError without one, or for one of another size than the image */
function loadSemantic(
  { semanticFile, path }: ImageRecord,
  [height, width]: [number, number],
  { reduce_zero_label, ignore_index }: { reduce_zero_label: boolean; ignore_index: number },
): SemanticMap {
  if (semanticFile === undefined)
    throw new DetLabError(
      `Cannot load the semantic map of "${path}": the dataset names none. Set data_prefix.seg to the folder of the maps, or ` +
        'with_seg: false in LoadAnnotations',
    );
  const map = readSemanticMap(semanticFile);
  if (map.width !== width || map.height !== height)
    throw new DetLabError(
      `Cannot use the semantic map "${semanticFile}": expected the size of its image, ${width} x ${height}, received ` +
        `${map.width} x ${map.height}`,
    );
  if (!reduce_zero_label) return map;
  const data = map.data.map((value) => (value === 0 || value === ignore_index ? ignore_index : value - 1));
  return { ...map, data };
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
