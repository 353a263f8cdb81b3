// ShiftScaleRotate of albumentations 1.3.1: pixels, boxes and masks move by one affine map about the centre. Where the border is
// mirrored, the bitmaps are too; boxes and polygons are those of the object itself.

import { z } from 'zod';
import { clipBoxes } from '../../geometry/boxes';
import { foreground, type InstanceMasks, movePolygons, type Rle, RleBuilder } from '../../masks';
import type { Random } from '../../random';
import { affineRows, rotationAbout, warpAffine } from '../pixels/warp-affine';
import { type RowMap, reflected } from '../pixels/warp-rows';
import { bytesOf, replacePixels, type Sample } from './sample';

const range = z.union([z.number(), z.tuple([z.number(), z.number()])]);
const REFLECT = 4;

export const shiftScaleRotateOptions = {
  shift_limit: range.default(0.0625).describe('Shift as a fraction of the sides: its maximum, or its range'),
  scale_limit: range.default(0.1).describe('Deviation of the scale from 1: its maximum, or its range'),
  rotate_limit: range.default(45).describe('Angle in degrees: its maximum, or its range'),
  interpolation: z.literal(1).default(1).describe('Only 1: bilinear'),
  border_mode: z
    .union([z.literal(0), z.literal(REFLECT)])
    .default(REFLECT)
    .describe('Outside of the image: 0 a colour, 4 its mirror image'),
  value: z
    .union([z.number(), z.tuple([z.number(), z.number(), z.number()])])
    .nullish()
    .describe('That colour; b, g, r'),
  mask_value: z.literal(0).nullish().describe('Only 0: there are no objects outside of the image'),
  shift_limit_x: range.nullish().describe('Horizontal shift; default: shift_limit'),
  shift_limit_y: range.nullish().describe('Vertical shift; default: shift_limit'),
  rotate_method: z.literal('largest_box').default('largest_box').describe('Only "largest_box"'),
};
type Options = z.output<z.ZodObject<typeof shiftScaleRotateOptions>>;

const bounds = (given: number | [number, number]): [number, number] =>
  typeof given === 'number' ? [-given, given] : given;

/** A mask of whole pixels under a map to whole pixels, mirrored at the border or not. */
function warpNearest(mask: Rle, map: RowMap, mirrored: boolean): Rle {
  const { width, height } = mask;
  const bits = new Uint8Array(width * height); // column-major
  for (const [from, to] of foreground(mask)) bits.fill(1, from, to);
  const out = new Uint8Array(width * height);
  const [xs, ys] = [new Float64Array(width), new Float64Array(width)];
  for (let y = 0; y < height; y++) {
    map(y, xs, ys);
    for (let x = 0; x < width; x++) {
      const px = mirrored ? reflected(xs[x], width) : xs[x];
      const py = mirrored ? reflected(ys[x], height) : ys[x];
      if (px >= 0 && py >= 0 && px < width && py < height) out[x * height + y] = bits[px * height + py];
    }
  }
  const builder = new RleBuilder();
  for (let i = 0; i < out.length; i++) if (out[i]) builder.add(i, i + 1);
  return builder.finish(height, width);
}

function movedMasks(masks: InstanceMasks, pixels: readonly number[], points: readonly number[], mirrored: boolean) {
  const { width, height } = masks;
  if (masks.kind === 'polygon') return movePolygons(masks, height, width, (x, y) => transformed(points, x, y));
  const map = affineRows(pixels, width, true);
  return { ...masks, masks: masks.masks.map((mask) => warpNearest(mask, map, mirrored)) };
}

const transformed = (m: readonly number[], x: number, y: number): [number, number] => [
  m[0] * x + m[1] * y + m[2],
  m[3] * x + m[4] * y + m[5],
];

/** The boxes around the moved corners, clipped to the image. */
function movedBoxes(m: readonly number[], boxes: Float32Array, height: number, width: number): Float32Array {
  const out = new Float32Array(boxes.length);
  for (let i = 0; i < boxes.length; i += 4) {
    const [x1, y1, x2, y2] = boxes.subarray(i, i + 4);
    const corners = [transformed(m, x1, y1), transformed(m, x2, y1), transformed(m, x2, y2), transformed(m, x1, y2)];
    const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
    out.set([Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)], i);
  }
  return clipBoxes(out, [height, width]);
}

export function shiftScaleRotate(sample: Sample, o: Options, random: Random): Sample {
  const image = bytesOf(sample, 'Albu');
  const { width, height } = image;
  const angle = random.uniform(...bounds(o.rotate_limit));
  const [low, high] = bounds(o.scale_limit);
  const scale = random.uniform(1 + low, 1 + high);
  const dx = random.uniform(...bounds(o.shift_limit_x ?? o.shift_limit)) * width;
  const dy = random.uniform(...bounds(o.shift_limit_y ?? o.shift_limit)) * height;
  const about = (x: number, y: number) => {
    const m = rotationAbout([x, y], angle, scale);
    return [m[0], m[1], m[2] + dx, m[3], m[4], m[5] + dy];
  };
  // pixels turn about the centre of the pixels, points about that of the area
  const [pixels, points] = [about(width / 2 - 0.5, height / 2 - 0.5), about(width / 2, height / 2)];
  const mirrored = o.border_mode === REFLECT;
  const moved = { ...sample, meta: { ...sample.meta } };
  const colour = [o.value ?? 0].flat();
  const fill = colour.length === 3 ? colour : [colour[0], 0, 0];
  const border = image.order === 'bgr' ? fill : [...fill].reverse();
  replacePixels(moved, warpAffine(image, pixels, mirrored ? 'reflect' : border.map(Math.round)));
  const { truths, proposals } = sample;
  if (proposals) moved.proposals = { ...proposals, bboxes: movedBoxes(points, proposals.bboxes, height, width) };
  if (!truths) return moved;
  moved.truths = { ...truths, bboxes: movedBoxes(points, truths.bboxes, height, width) };
  if (truths.masks) moved.truths.masks = movedMasks(truths.masks, pixels, points, mirrored);
  return moved;
}
