// Resize (mmcv / MMDetection 3.x): resizes image, boxes and masks to a scale. keep_ratio fits the image inside the scale in
// either orientation: the long side to its larger number, the short side to its smaller.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { resizeMasks, resizeSemantic } from '../../masks';
import { recordMove } from '../homography';
import { clipInstances, scaleInstances } from '../move-boxes';
import { backendOption, checkInterpolation, interpolationOption, resizedBy } from './resize-backend';
import { fullSize, pixelsOf, type Sample, type Transform } from './sample';

const MAX_EDGE = 32_768;
const edge = z.number().int().positive().max(MAX_EDGE);

/** The options of Resize and FixScaleResize. */
const options = z.strictObject({
  scale: z
    .union([edge, z.tuple([edge, edge])])
    .nullish()
    .describe('Target [width, height]; one number: a square'),
  scale_factor: z
    .union([z.number().positive(), z.tuple([z.number().positive(), z.number().positive()])])
    .nullish()
    .describe('Factor [w, h], instead of scale'),
  keep_ratio: z.boolean().default(false).describe('Resize to fit inside the scale, keeping the aspect ratio'),
  clip_object_border: z.boolean().default(true).describe('Clip boxes to the resized image'),
  backend: backendOption,
  interpolation: interpolationOption,
});
type Options = z.output<typeof options>;

/** @param round how sides become whole pixels where the aspect ratio is kept */
function resizing(type: string, o: Options, round: (side: number) => number): Transform {
  const { scale, scale_factor } = o;
  checkInterpolation(type, o);
  if (!scale && !scale_factor)
    throw new DetLabError(
      `Cannot build ${type}: expected \`scale\` or \`scale_factor\`, received neither. Add e.g. scale: [1333, 800]`,
    );
  const asPair = (value: number | [number, number]): [number, number] =>
    typeof value === 'number' ? [value, value] : value;
  return (sample) => {
    const { width: w, height: h } = fullSize(pixelsOf(sample, type));
    const target: [number, number] = scale ? asPair(scale) : scaled(w, h, ...asPair(scale_factor!));
    return resizeSample(sample, o.keep_ratio ? fitInside(w, h, target, round) : target, o, type);
  };
}

/**
 * Pixels, boxes and masks of a sample at `width` x `height`.
 *
 * @param given factor [w, h] of the boxes; default: that of the pixels
 */
export function resizeSample(
  sample: Sample,
  [width, height]: readonly [number, number],
  o: Pick<Options, 'backend' | 'interpolation' | 'clip_object_border'>,
  type: string,
  given?: [number, number],
): Sample {
  const { width: w, height: h } = fullSize(pixelsOf(sample, type));
  sample.image = resizedBy(o, sample, [width, height], type);
  sample.meta.imgShape = [height, width];
  // as in mmcv, the factor replaces that of an earlier step
  const factor: [number, number] = given ?? [width / w, height / h];
  sample.meta.scaleFactor = factor;
  recordMove(sample.meta, [factor[0], 0, 0, 0, factor[1], 0]);
  for (const boxes of [sample.truths, sample.proposals])
    if (boxes) {
      Object.assign(boxes, scaleInstances(boxes, factor));
      if (o.clip_object_border) Object.assign(boxes, clipInstances(boxes, [height, width]));
    }
  if (sample.semantic) sample.semantic = resizeSemantic(sample.semantic, width, height);
  if (sample.truths?.masks) sample.truths.masks = resizeMasks(sample.truths.masks, height, width);
  return sample;
}

export const Resize = defineModule({
  kind: 'transform',
  type: 'Resize',
  summary: 'Resizes pixels, boxes, masks and semantic maps (nearest)',
  origin: 'mmcv and MMDetection',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'Resize', scale: [1333, 800], keep_ratio: true }",
  options,
  build: (o): Transform => resizing('Resize', o, (side) => side + 0.5),
});

/** MMDetection's resizes masks to rounded sides: here they have the image's. */
export const FixScaleResize = defineModule({
  kind: 'transform',
  type: 'FixScaleResize',
  summary: 'Resize whose sides are truncated, not rounded, where it keeps the aspect ratio',
  origin: 'MMDetection',
  shapes: '[H, W, 3] -> [h, w, 3]',
  example: "{ type: 'FixScaleResize', scale: [1333, 800], keep_ratio: true }",
  options,
  build: (o): Transform => resizing('FixScaleResize', o, (side) => side),
});

/** The factor by which a `w` x `h` image fits inside `scale`, in either orientation. */
export function fittingFactor(w: number, h: number, scale: readonly [number, number]): number {
  return Math.min(Math.max(...scale) / Math.max(w, h), Math.min(...scale) / Math.min(w, h));
}

/** [width, height] of a `w` x `h` image resized to fit inside `scale`, rounded half up as in mmcv. */
export function fitInside(
  w: number,
  h: number,
  scale: readonly [number, number],
  round = (side: number) => side + 0.5,
): [number, number] {
  const factor = fittingFactor(w, h, scale);
  return scaled(w, h, factor, factor, round);
}

export const scaled = (
  w: number,
  h: number,
  factorX: number,
  factorY: number,
  round = (side: number) => side + 0.5,
): [number, number] => [Math.max(1, Math.floor(round(w * factorX))), Math.max(1, Math.floor(round(h * factorY)))];
