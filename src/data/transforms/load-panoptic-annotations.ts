// LoadPanopticAnnotations: boxes and labels of the objects of a record; their masks, and the class of every pixel, from its panoptic map.
// Crowds stay, ignored, where MMDetection leaves them out; their pixels have their class in the semantic map, as there.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import type { PanopticTruths } from '../../masks';
import { rleOfIds, semanticOfIds } from '../../masks';
import { readIdMap } from '../loading/map-readers';
import type { ImageRecord } from '../types';
import type { Transform } from './sample';

export const LoadPanopticAnnotations = defineModule({
  kind: 'transform',
  type: 'LoadPanopticAnnotations',
  summary: 'Loads boxes, labels, masks and the semantic map of a panoptic annotation',
  origin: 'MMDetection',
  shapes: 'a panoptic map -> boxes [n, 4] xyxy, labels [n], masks [n], classes [H, W]',
  example: "{ type: 'LoadPanopticAnnotations' }",
  options: z.strictObject({
    with_bbox: z.boolean().default(true).describe('Load boxes'),
    with_label: z.boolean().default(true).describe('Load labels; false: every label is 0'),
    with_mask: z.boolean().default(true).describe('Load masks'),
    with_seg: z
      .boolean()
      .default(true)
      .describe('Load the semantic map: the class of every pixel, 255 where there is none'),
    box_type: z.literal('hbox').default('hbox').describe('Only "hbox": axis-aligned boxes'),
    imdecode_backend: z.string().default('cv2').describe('Accepted: panoptic maps are PNG files'),
    backend_args: z.null().default(null).describe('Only null'),
  }),
  build:
    ({ with_bbox, with_label, with_mask, with_seg }): Transform =>
    (sample) => {
      const { record, meta } = sample;
      const { bboxes, labels, ignored, instanceIds, weights } = record.truths;
      const n = with_bbox ? labels.length : 0;
      sample.truths = {
        bboxes: bboxes.slice(0, 4 * n),
        labels: with_label ? labels.slice(0, n) : new Int32Array(n),
        ignored: ignored.slice(0, n),
        ...(instanceIds && { instanceIds: instanceIds.slice(0, n) }),
        ...(weights && { weights: weights.slice(0, n) }),
      };
      if (!with_mask && !with_seg) return sample;
      const { panoptic, map } = mapOf(record, meta.oriShape);
      const { width, height } = map;
      if (with_mask) {
        const masks = rleOfIds(map, record.annotationIds.slice(0, n).map(Number));
        sample.truths.masks = { kind: 'bitmap', height, width, masks };
      }
      if (with_seg) sample.semantic = semanticOfIds(map, panoptic);
      return sample;
    },
});

interface IdMap {
  data: Int32Array;
  width: number;
  height: number;
}

/** @throws DetLabError for a record without a map, or with one of another size than the image */
function mapOf(
  { panoptic, path }: ImageRecord,
  [height, width]: [number, number],
): { panoptic: PanopticTruths; map: IdMap } {
  if (!panoptic)
    throw new DetLabError(
      `Cannot load the panoptic map of "${path}": the dataset has none. Use CocoPanopticDataset, or LoadAnnotations in the pipeline`,
    );
  const map = readIdMap(panoptic.file);
  if (map.width === width && map.height === height) return { panoptic, map };
  throw new DetLabError(
    `Cannot use the panoptic map "${panoptic.file}": expected the size of its image, ${width} x ${height}, received ` +
      `${map.width} x ${map.height}`,
  );
}
