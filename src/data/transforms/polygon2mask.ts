// Polygon2Mask (MMYOLO): polygons to bitmaps of a fraction of the image's size, by OpenCV's filling. With `mask_overlap` objects
// come by size, the largest first, and of pixels that several cover the smallest object has them: MMYOLO's map of indices, as
// masks. Whatever else belongs to an object is sorted with it; MMYOLO sorts boxes and labels alone.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import {
  encodeRle,
  fillPolygons,
  type Polygon,
  polygonsToRle,
  type Rle,
  resizeBitmap,
  resizeMasks,
  rleArea,
  subtractRle,
  toRles,
} from '../../masks';
import { takeInstances } from '../instances';
import { type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  downsample_ratio: z.int().positive().default(4).describe('Size of the image over that of the masks'),
  mask_overlap: z.boolean().default(true).describe('Of pixels that several masks cover, the smallest object has them'),
  coco_style: z
    .boolean()
    .default(false)
    .describe("Fill by COCO's rule, without mask_overlap at the masks' size, in place of OpenCV's at the image's"),
});
type Options = z.output<typeof options>;
type PolygonMasks = { height: number; width: number; kind: 'polygon'; masks: Polygon[][] };

/** The objects of an image, each `ratio` times smaller. */
function smallMasks(polygons: PolygonMasks, o: Options): Rle[] {
  const { height, width } = polygons;
  const [h, w] = [Math.floor(height / o.downsample_ratio), Math.floor(width / o.downsample_ratio)];
  if (o.coco_style && !o.mask_overlap) return toRles(resizeMasks(polygons, h, w));
  const filled = (parts: Polygon[]): Rle => {
    if (o.coco_style) return polygonsToRle(parts, height, width);
    const bitmap = new Uint8Array(height * width);
    fillPolygons(bitmap, width, height, parts);
    return encodeRle(bitmap, height, width);
  };
  return polygons.masks.map((parts) => encodeRle(resizeBitmap(filled(parts), h, w), h, w));
}

function toBitmaps(sample: Sample, o: Options): Sample {
  const truths = truthsOf(sample);
  const { masks } = truths;
  if (masks?.kind !== 'polygon')
    throw new DetLabError(
      `Cannot run Polygon2Mask: expected polygon masks, received ${masks ? 'bitmaps' : 'none'}. ` +
        `Set ${masks ? 'poly2mask: false' : 'with_mask: true and poly2mask: false'} in LoadAnnotations`,
    );
  const [height, width] = [masks.height, masks.width].map((side) => Math.floor(side / o.downsample_ratio));
  const all = smallMasks(masks, o);
  const bitmaps = (list: Rle[]) => ({ kind: 'bitmap' as const, height, width, masks: list });
  if (!o.mask_overlap) return { ...sample, truths: { ...truths, masks: bitmaps(all) } };
  const areas = all.map(rleArea);
  const order = Array.from(all.keys()).sort((i, j) => areas[j] - areas[i] || i - j);
  const sorted = order.map((i) => all[i]);
  const visible = sorted.map((mask, k) => sorted.slice(k + 1).reduce(subtractRle, mask));
  return { ...sample, truths: { ...takeInstances({ ...truths, masks: undefined }, order), masks: bitmaps(visible) } };
}

export const Polygon2Mask = defineModule({
  kind: 'transform',
  type: 'Polygon2Mask',
  summary: "Polygons to bitmaps of a fraction of the image's size, which do not overlap",
  origin: 'MMYOLO',
  shapes: 'polygons of an image [H, W] -> bitmaps [H / ratio, W / ratio]',
  example: "{ type: 'Polygon2Mask', downsample_ratio: 4, mask_overlap: true }",
  options,
  build:
    (o): Transform =>
    (sample) =>
      toBitmaps(sample, o),
});
