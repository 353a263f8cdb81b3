// InstaBoost: objects are cut out along their masks, the hole is filled from around it, and they are pasted nearby, scaled and turned a
// little (Fang et al., InstaBoost, ICCV 2019). Objects whose boxes overlap stay together. It comes before LoadAnnotations, which
// reads the moved masks: run lengths, where the package instaboostfast traces polygons.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { roundHalfEven } from '../../geometry/round-half-even';
import {
  decodeRle,
  encodeRle,
  rleArea,
  rleToBox,
  rleToSegmentation,
  type Segmentation,
  segmentationToRle,
} from '../../masks';
import type { Random } from '../../random';
import { inpaint } from '../pixels/inpaint';
import { adjustBrightness, adjustColor, adjustContrast, adjustSharpness } from '../pixels/photometric';
import { pixelsLike } from '../pixels/pixel-image';
import { type Affine, nearestAffine, splineAffine } from '../pixels/spline-affine';
import type { ImageRecord, PixelImage } from '../types';
import { bytesOf, type Transform } from './sample';

const ACTIONS = ['normal', 'horizontal', 'vertical', 'skip'] as const;
type Action = (typeof ACTIONS)[number];
/** Pixels around a mask by which its hole is filled, and next to an edge of the image in which objects are cut off there. */
const [FILL_RADIUS, EDGE] = [5, 10];

const options = z
  .strictObject({
    action_candidate: z
      .array(z.enum(ACTIONS))
      .min(1)
      .default(['normal', 'horizontal', 'skip'])
      .describe('normal: moved; horizontal, vertical: flipped, too; skip: stays'),
    action_prob: z.array(z.number().min(0).max(1)).min(1).default([1, 0, 0]).describe('Probability of each action'),
    scale: z
      .tuple([z.number().positive(), z.number().positive()])
      .default([0.8, 1.2])
      .describe('Factors on the size, [min, max]'),
    dx: z.number().positive().default(15).describe('Objects move sideways by at most their width over this'),
    dy: z.number().positive().default(15).describe('Objects move up or down by at most their height over this'),
    theta: z.tuple([z.int(), z.int()]).default([-1, 1]).describe('Degrees by which they are turned, [min, max]'),
    color_prob: z
      .number()
      .min(0)
      .max(1)
      .default(0.5)
      .describe('Probability of changing saturation, brightness, contrast and sharpness'),
    hflag: z
      .literal(false)
      .default(false)
      .describe('Only false: objects are pasted nearby, not where the image looks alike'),
    aug_ratio: z.number().min(0).max(1).default(0.5).describe('Probability per image'),
  })
  .refine((o) => o.action_candidate.length === o.action_prob.length, {
    message: 'expected as many action_prob as action_candidate',
  })
  .refine((o) => Math.abs(o.action_prob.reduce((sum, p) => sum + p, 0) - 1) < 1e-6, {
    message: 'expected action_prob to add up to 1',
  });
type Options = z.output<typeof options>;
type Bounds = [x1: number, y1: number, x2: number, y2: number];

/** How a group of objects is pasted: its centre, size and angle. */
interface Placement {
  flip?: 'horizontal' | 'vertical';
  scale: number;
  radians: number;
  center: [x: number, y: number];
}

export const InstaBoost = defineModule({
  kind: 'transform',
  type: 'InstaBoost',
  summary: 'Moves, scales and turns objects with their masks a little, over a background that is filled in',
  paper: 'Fang et al., InstaBoost: Boosting Instance Segmentation via Probability Map Guided Copy-Pasting, ICCV 2019',
  shapes: '[H, W, 3] and outlines of the dataset -> [H, W, 3] and moved outlines',
  example: "{ type: 'InstaBoost', action_prob: [1, 0, 0], aug_ratio: 0.5 }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      const image = bytesOf(sample, 'InstaBoost');
      if (sample.truths)
        throw new DetLabError(
          'Cannot run InstaBoost: put it before LoadAnnotations, which reads the outlines that it moves',
        );
      if (sample.record.truths.labels.length === 0 || random.uniform() >= o.aug_ratio) return sample;
      const boosted = boost(image, sample.record, o, random);
      sample.record = boosted.record;
      sample.image = random.uniform() < o.color_prob ? changeColors(boosted.image, random) : boosted.image;
      return sample;
    },
});

function changeColors(image: PixelImage, random: Random): PixelImage {
  const between = (low: number, high: number) => (low + random.integer(high - low + 1)) / 10;
  const saturated = adjustColor(image, between(0, 30));
  const bright = adjustBrightness(saturated, between(10, 20));
  return adjustSharpness(adjustContrast(bright, between(10, 20)), between(0, 30));
}

/** The image and the record with moved objects; those without a usable outline, and ignored ones, stay. */
function boost(
  image: PixelImage,
  record: ImageRecord,
  o: Options,
  random: Random,
): { image: PixelImage; record: ImageRecord } {
  const { width, height } = image;
  const { truths, segmentations } = record;
  const masks = new Map<number, Uint8Array>();
  for (const k of truths.labels.keys()) {
    const outline = segmentations?.[k];
    if (truths.ignored[k] || !outline) continue;
    const rle = segmentationToRle(outline, height, width);
    if (rleArea(rle) > 0) masks.set(k, decodeRle(rle));
  }
  if (masks.size === 0) return { image, record };
  const objects = new Uint8Array(width * height); // number of the group, from 1
  const groups = groupsOf([...masks.keys()], truths.bboxes);
  for (const [g, group] of groups.entries())
    for (const k of group) for (const [p, inside] of masks.get(k)!.entries()) if (inside) objects[p] = (g % 255) + 1;
  let pixels = inpaint(image, objects, FILL_RADIUS);
  const moved = new Map<number, { outline: Segmentation; box: number[]; area: number } | undefined>();
  for (const [g, group] of groups.entries()) {
    const bounds = boundsOf(group, truths.bboxes, width, height);
    const [w, h] = [bounds[2] - bounds[0], bounds[3] - bounds[1]];
    if (w <= 0 || h <= 0) continue;
    const placement = place(bounds, width, height, o, random);
    const map = affineOf(placement, w, h);
    const cut = (source: ArrayLike<number>, step: number, offset: number) =>
      cutOut(source, width, bounds, step, offset, placement.flip);
    const alpha = cut(
      objects.map((value) => (value === (g % 255) + 1 ? 255 : 0)),
      1,
      0,
    );
    const planes = [0, 1, 2].map((c) => splineAffine({ data: cut(image.data, 3, c), width: w, height: h }, map, image));
    pixels = composite(pixels, planes, splineAffine({ data: alpha, width: w, height: h }, map, image));
    for (const k of group) {
      const mask = nearestAffine({ data: cut(masks.get(k)!, 1, 0), width: w, height: h }, map, image);
      const rle = encodeRle(mask, height, width);
      const [x, y, boxWidth, boxHeight] = rleToBox(rle);
      const isThere = boxWidth > 0 && boxHeight > 0;
      moved.set(
        k,
        isThere
          ? { outline: rleToSegmentation(rle), box: [x, y, x + boxWidth, y + boxHeight], area: rleArea(rle) }
          : undefined,
      );
    }
  }
  return { image: pixels, record: withMoved(record, moved) };
}

/** Objects whose boxes overlap, directly or through others. */
function groupsOf(objects: readonly number[], boxes: Float32Array): number[][] {
  const overlap = (a: number, b: number) =>
    [0, 1].every((k) => boxes[4 * a + k] < boxes[4 * b + 2 + k] && boxes[4 * b + k] < boxes[4 * a + 2 + k]);
  const left = new Set(objects);
  return objects.flatMap((first) => {
    if (!left.delete(first)) return [];
    const group = [first];
    for (const member of group)
      for (const other of [...left]) if (overlap(member, other) && left.delete(other)) group.push(other);
    return [group];
  });
}

function boundsOf(group: readonly number[], boxes: Float32Array, width: number, height: number): Bounds {
  const of = (k: number) => group.map((i) => boxes[4 * i + k]);
  const within = (v: number, limit: number) => Math.min(Math.max(roundHalfEven(v), 0), limit);
  return [
    within(Math.min(...of(0)), width),
    within(Math.min(...of(1)), height),
    within(Math.max(...of(2)), width),
    within(Math.max(...of(3)), height),
  ];
}

/** Objects that the edge of the image may cut off are neither flipped, turned nor shrunk, and move outwards alone. */
function place([x1, y1, x2, y2]: Bounds, width: number, height: number, o: Options, random: Random): Placement {
  const atEdge = { left: x1 < EDGE, right: x2 > width - EDGE, up: y1 < EDGE, down: y2 > height - EDGE };
  const cutOff = Object.values(atEdge).some(Boolean);
  const center: Placement['center'] = [(x1 + x2) / 2, (y1 + y2) / 2];
  const action = chooseAction(o, cutOff, random);
  if (action === 'skip') return { scale: 1, radians: 0, center };
  let scale = random.uniform(...o.scale);
  const move = (size: number, divisor: number) => {
    const most = Math.floor(size / divisor);
    return random.integer(2 * most + 1) - most;
  };
  let [tx, ty] = [move(x2 - x1, o.dx), move(y2 - y1, o.dy)];
  const degrees = o.theta[0] + random.integer(o.theta[1] - o.theta[0] + 1);
  if (cutOff) scale = Math.max(scale, 1);
  if (atEdge.left) tx = Math.min(tx, 0);
  if (atEdge.right) tx = Math.max(tx, 0);
  if (atEdge.up) ty = Math.min(ty, 0);
  if (atEdge.down) ty = Math.max(ty, 0);
  return {
    ...(action !== 'normal' && { flip: action }),
    scale,
    radians: cutOff ? 0 : (degrees * Math.PI) / 180,
    center: [center[0] + tx, center[1] + ty],
  };
}

function chooseAction({ action_candidate, action_prob }: Options, cutOff: boolean, random: Random): Action {
  const isAllowed = (action: Action) => !cutOff || action === 'normal' || action === 'skip';
  const allowed = action_candidate.map((action, i) => ({ action, prob: isAllowed(action) ? action_prob[i] : 0 }));
  const draw = random.uniform() * allowed.reduce((sum, { prob }) => sum + prob, 0);
  let sum = 0;
  for (const { action, prob } of allowed) if (prob > 0 && draw < (sum += prob)) return action;
  return 'skip'; // only flips were left
}

/** From the image to what was cut out. */
function affineOf({ scale, radians, center: [tx, ty] }: Placement, width: number, height: number): Affine {
  const [cos, sin] = [Math.cos(radians) / scale, Math.sin(radians) / scale];
  return [cos, sin, -tx * cos - ty * sin + width / 2, -sin, cos, tx * sin - ty * cos + height / 2];
}

/** One channel within the bounds. */
function cutOut(
  source: ArrayLike<number>,
  columns: number,
  [x1, y1, x2, y2]: Bounds,
  step: number,
  offset: number,
  flip: Placement['flip'],
): Uint8Array {
  const [width, height] = [x2 - x1, y2 - y1];
  const out = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const column = flip === 'horizontal' ? width - 1 - x : x;
      const row = flip === 'vertical' ? height - 1 - y : y;
      out[y * width + x] = source[((y1 + row) * columns + x1 + column) * step + offset];
    }
  return out;
}

function composite(image: PixelImage, planes: readonly Uint8Array[], alpha: Uint8Array): PixelImage {
  const data = pixelsLike(image.data, image.data.length);
  data.set(image.data);
  for (const [p, opacity] of alpha.entries()) {
    if (opacity === 0) continue;
    const share = opacity / 255;
    for (let c = 0; c < 3; c++)
      data[3 * p + c] = Math.floor(image.data[3 * p + c] * (1 - share) + planes[c][p] * share);
  }
  return { ...image, data };
}

/** The record with other outlines and boxes; objects that left the image are left out. */
function withMoved(
  record: ImageRecord,
  moved: ReadonlyMap<number, { outline: Segmentation; box: number[]; area: number } | undefined>,
): ImageRecord {
  const kept = [...record.truths.labels.keys()].filter((k) => !moved.has(k) || moved.get(k) !== undefined);
  const column = <T extends Int32Array | Uint8Array | Float32Array>(values: T | undefined): T | undefined =>
    values && (new (values.constructor as new (given: number[]) => T)(kept.map((k) => values[k])) as T);
  const { truths } = record;
  const { instanceIds, weights } = truths;
  return {
    ...record,
    truths: {
      bboxes: Float32Array.from(
        kept.flatMap((k) => moved.get(k)?.box ?? [...truths.bboxes.subarray(4 * k, 4 * k + 4)]),
      ),
      labels: column(truths.labels)!,
      ignored: column(truths.ignored)!,
      ...(instanceIds && { instanceIds: column(instanceIds) }),
      ...(weights && { weights: column(weights) }),
    },
    areas: Float32Array.from(kept, (k) => moved.get(k)?.area ?? record.areas[k]),
    segmentations: kept.map((k) => moved.get(k)?.outline ?? record.segmentations?.[k]),
    annotationIds: kept.map((k) => record.annotationIds[k]),
    ...(record.crowds && { crowds: column(record.crowds) }),
    ...(record.groups && { groups: column(record.groups) }),
  };
}
