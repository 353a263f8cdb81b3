// YOLOv5RandomAffine (MMYOLO): RandomAffine about the image's centre, which drops boxes that become too small, too thin or
// lose most of their area. Polygon masks are resampled and warped, and boxes recomputed from the masks.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxesWhere, clipBoxes, isY, scaleBoxes } from '../../geometry/boxes';
import { type Matrix, projectBoxes } from '../../geometry/projective-map';
import type { InstanceMasks, Polygon } from '../../masks';
import { takeInstances } from '../instances';
import { affineMatrix, drawAffine, translateFirst } from '../pixels/affine-matrix';
import { colourOf } from '../pixels/pixel-image';
import { warpPerspective } from '../pixels/warp-perspective';
import { affineOptions } from './affine-options';
import { affineSize } from './random-affine';
import { bytesOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  ...affineOptions,
  min_bbox_size: z.number().default(2).describe('Boxes must be wider and higher than this, pixels'),
  min_area_ratio: z.number().default(0.1).describe('Minimum fraction of its scaled area that a box must keep'),
  use_mask_refine: ignoredOption('as in MMYOLO, loaded masks always refine boxes', {
    schema: z.boolean().default(false),
    harmless: [true],
  }),
  max_aspect_ratio: z.number().default(20).describe('Upper bound of the aspect ratio, long over short side'),
  resample_num: z.number().int().positive().default(1000).describe('Number of points that polygons are resampled to'),
});
type Options = z.output<typeof options>;

const f = Math.fround;
const EPSILON = f(1e-16);

/**
 * @param matrix from image to output pixels
 * @param scale the scale factor in it
 */
export function applyYOLOv5Affine(sample: Sample, matrix: Matrix, scale: number, o: Options): Sample {
  const image = bytesOf(sample, 'YOLOv5RandomAffine');
  const [width, height] = affineSize(image, o.border);
  replacePixels(sample, warpPerspective(image, matrix, width, height, colourOf(o.border_val, image.order)));
  const truths = truthsOf(sample);
  if (truths.labels.length === 0) {
    if (truths.masks) sample.truths = { ...truths, masks: { ...truths.masks, width, height } };
    return sample;
  }
  const before = scaleBoxes(truths.bboxes, [scale, scale]);
  if (truths.masks) {
    const warped = warpMasks(truths.masks, matrix, width, height, o.resample_num);
    const bboxes = boxesOfPolygons(warped.masks, width, height);
    const kept = boxesToKeep(before, bboxes, o);
    const masks = o.bbox_clip_border ? clipped(warped) : warped;
    const ends = o.bbox_clip_border ? clipBoxes(bboxes, [f(height - 1e-3), f(width - 1e-3)]) : bboxes;
    sample.truths = takeInstances({ ...truths, bboxes: ends, masks }, kept);
    return sample;
  }
  let bboxes = projectBoxes(matrix, truths.bboxes);
  if (o.bbox_clip_border) bboxes = clipBoxes(bboxes, [height, width]);
  sample.truths = takeInstances({ ...truths, bboxes }, boxesToKeep(before, bboxes, o));
  return sample;
}

/** Indices of the boxes that pass MMYOLO's filter of size, remaining area and aspect ratio. */
function boxesToKeep(before: Float32Array, after: Float32Array, o: Options): number[] {
  return boxesWhere(after, (x1, y1, x2, y2, i) => {
    const [w, h] = [f(x2 - x1), f(y2 - y1)];
    const [wBefore, hBefore] = [f(before[4 * i + 2] - before[4 * i]), f(before[4 * i + 3] - before[4 * i + 1])];
    const aspectRatio = Math.max(f(w / f(h + EPSILON)), f(h / f(w + EPSILON)));
    const areaRatio = f(f(w * h) / f(f(wBefore * hBefore) + EPSILON));
    return (
      w > o.min_bbox_size && h > o.min_bbox_size && areaRatio > o.min_area_ratio && aspectRatio < o.max_aspect_ratio
    );
  });
}

type PolygonMasks = Extract<InstanceMasks, { kind: 'polygon' }>;

function warpMasks(masks: InstanceMasks, m: Matrix, width: number, height: number, corners: number): PolygonMasks {
  if (masks.kind !== 'polygon')
    throw new DetLabError(
      'Cannot run YOLOv5RandomAffine: expected polygon masks, received bitmaps. Set poly2mask: false in LoadAnnotations',
    );
  const warp = (polygon: Polygon): Polygon => {
    const even = resampled(polygon, corners);
    const out = new Float64Array(even.length);
    for (let i = 0; i < even.length; i += 2) {
      const [x, y] = [even[i], even[i + 1]];
      const w = m[6] * x + m[7] * y + m[8];
      out[i] = (m[0] * x + m[1] * y + m[2]) / w;
      out[i + 1] = (m[3] * x + m[4] * y + m[5]) / w;
    }
    return out;
  };
  return { kind: 'polygon', width, height, masks: masks.masks.map((parts) => parts.map(warp)) };
}

/** `count` points along the closed polygon, evenly spaced by corner index. */
function resampled(polygon: Polygon, count: number): Polygon {
  const corners = polygon.length / 2;
  const out = new Float64Array(2 * count);
  for (let k = 0; k < count; k++) {
    const at = count === 1 ? 0 : (k * corners) / (count - 1);
    const from = Math.min(Math.floor(at), corners - 1);
    const to = (from + 1) % corners;
    for (let c = 0; c < 2; c++)
      out[2 * k + c] = polygon[2 * from + c] + (polygon[2 * to + c] - polygon[2 * from + c]) * (at - from);
  }
  return out;
}

/** Boxes around the polygon points inside the image; zeros where there is none. */
function boxesOfPolygons(masks: Polygon[][], width: number, height: number): Float32Array {
  const out = new Float32Array(masks.length * 4);
  for (const [i, parts] of masks.entries()) {
    let [x1, y1, x2, y2] = [2 * width, 2 * height, -1, -1];
    for (const part of parts)
      for (let k = 0; k < part.length; k += 2) {
        const [x, y] = [f(part[k]), f(part[k + 1])];
        if (x < 0 || y < 0 || x > width || y > height) continue;
        [x1, y1] = [Math.min(x1, x), Math.min(y1, y)];
        [x2, y2] = [Math.max(x2, x), Math.max(y2, y)];
      }
    if (x2 !== -1) out.set([x1, y1, x2, y2], 4 * i);
  }
  return out;
}

function clipped(masks: PolygonMasks): PolygonMasks {
  const clip = (part: Polygon) => part.map((v, i) => Math.min(Math.max(v, 0), isY(i) ? masks.height : masks.width));
  return { ...masks, masks: masks.masks.map((parts) => parts.map(clip)) };
}

export const YOLOv5RandomAffine = defineModule({
  kind: 'transform',
  type: 'YOLOv5RandomAffine',
  summary: 'Random scale, rotation, shear and translation about the centre, dropping boxes that are mostly lost',
  origin: 'MMYOLO',
  shapes: '[H, W, 3] -> [H + 2 border, W + 2 border, 3]',
  example: "{ type: 'YOLOv5RandomAffine', max_rotate_degree: 0, max_shear_degree: 0, border: [-320, -320] }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      const image = bytesOf(sample, 'YOLOv5RandomAffine');
      const draw = drawAffine(o, ...affineSize(image, o.border), 0.5, random);
      const matrix = translateFirst(affineMatrix(draw), -image.width / 2, -image.height / 2);
      return applyYOLOv5Affine(sample, matrix, draw.scale, o);
    },
});
