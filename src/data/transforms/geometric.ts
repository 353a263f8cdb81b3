// The geometric transforms of AutoAugment (MMDetection 3.x): rotation, shear and translation of the image with its boxes and
// masks. Its Rotate fails on polygon masks; here they turn about the image's centre as the pixels do.

import { z } from 'zod';
import { ignoredOption } from '../../catalogue/ignored-option';
import { defineModule } from '../../catalogue/registry';
import { roundHalfEven } from '../../geometry/round-half-even';
import { type InstanceMasks, movePolygons } from '../../masks';
import type { Random } from '../../random';
import { clipInstances, projectInstances } from '../move-boxes';
import { colourOf } from '../pixels/pixel-image';
import { affineRows, rotationAbout, warpAffine } from '../pixels/warp-affine';
import { warpRle } from '../pixels/warp-rows';
import { drawMagnitude, magnitudeOptions, ORDERED, ordered } from './magnitude';
import { bytesOf, replacePixels, type Sample, type Transform } from './sample';

const gray = z.number().min(0).max(255);

const geometricOptions = (defaults: readonly [number, number], limits: readonly [number, number]) =>
  z
    .strictObject({
      ...magnitudeOptions(defaults, limits),
      reversal_prob: z.number().min(0).max(1).default(0.5).describe('Probability of the positive direction'),
      img_border_value: z
        .union([gray, z.tuple([gray, gray, gray])])
        .default(128)
        .describe('Fill colour outside the image: a gray level, or b, g, r'),
      mask_border_value: z.literal(0).default(0).describe('Only 0: there are no objects outside the image'),
      seg_ignore_label: ignoredOption('semantic maps are refused here', { schema: z.int().default(255) }),
      interpolation: z.literal('bilinear').default('bilinear').describe('Only "bilinear"'),
    })
    .refine(ordered, ORDERED);
type Options = z.output<ReturnType<typeof geometricOptions>>;

/** The first two rows of the map from image to output coordinates. */
type MatrixOf = (magnitude: number, width: number, height: number) => number[];

/** The magnitude with its sign. */
function drawSigned(o: Options, random: Random, convert: (magnitude: number) => number): number {
  const magnitude = convert(drawMagnitude(o, random));
  return random.uniform() > o.reversal_prob ? -magnitude : magnitude;
}

/** Pixels, boxes and masks of a sample under an affine map, in the image's size. */
export function applyAffine(sample: Sample, matrix: readonly number[], colour: number | readonly number[]): Sample {
  const image = bytesOf(sample, 'an affine transform');
  const { width, height } = image;
  const fill = colourOf(colour, image.order).map(roundHalfEven);
  replacePixels(sample, warpAffine(image, matrix, fill), matrix);
  const homography = Float32Array.of(...matrix, 0, 0, 1);
  for (const boxes of [sample.truths, sample.proposals])
    if (boxes) Object.assign(boxes, clipInstances(projectInstances(boxes, homography), [height, width]));
  if (sample.truths?.masks) sample.truths.masks = mappedMasks(sample.truths.masks, matrix);
  return sample;
}

/** Masks under an affine map, in their size. */
export function mappedMasks(masks: InstanceMasks, m: readonly number[]): InstanceMasks {
  const { width, height } = masks;
  if (masks.kind === 'polygon')
    return movePolygons(masks, height, width, (x, y) => [m[0] * x + m[1] * y + m[2], m[3] * x + m[4] * y + m[5]]);
  const rows = affineRows(m, width);
  return { ...masks, masks: masks.masks.map((mask) => warpRle(mask, rows, width, height)) };
}

function geometric<T extends string>(
  type: T,
  summary: string,
  range: { defaults: readonly [number, number]; limits: readonly [number, number] },
  matrixOf: MatrixOf | undefined,
  convert = (magnitude: number) => magnitude,
) {
  return defineModule({
    kind: 'transform',
    type,
    summary,
    paper: 'Cubuk et al., AutoAugment: Learning Augmentation Policies from Data, CVPR 2019',
    shapes: '[H, W, 3] -> [H, W, 3]',
    example: `{ type: '${type}', prob: 0.5 }`,
    options: geometricOptions(range.defaults, range.limits),
    build:
      (o): Transform =>
      (sample, random) => {
        if (random.uniform() > o.prob) return sample;
        const magnitude = drawSigned(o, random, convert);
        const { width, height } = bytesOf(sample, type);
        return matrixOf ? applyAffine(sample, matrixOf(magnitude, width, height), o.img_border_value) : sample;
      },
  });
}

const single = (matrix: number[]): number[] => matrix.map(Math.fround);
const tangent = (degrees: number) => Math.tan((degrees * Math.PI) / 180);
const angles = { defaults: [0, 30], limits: [0, 90] } as const;
const shares = { defaults: [0, 0.1], limits: [0, 1] } as const;

export const GeomTransform = geometric(
  'GeomTransform',
  "Changes nothing: the base of MMDetection's geometric transforms, in RandAugment the choice of none",
  { defaults: [0, 1], limits: [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] },
  undefined,
);

export const Rotate = geometric(
  'Rotate',
  "Rotates the image and its ground truth about the image's centre, by degrees",
  { defaults: [0, 30], limits: [0, 180] },
  (degrees, width, height) => rotationAbout([(width - 1) * 0.5, (height - 1) * 0.5], -degrees),
);

export const ShearX = geometric(
  'ShearX',
  'Shears the image and its ground truth horizontally, by degrees',
  angles,
  (slope) => single([1, slope, 0, 0, 1, 0]),
  tangent,
);

export const ShearY = geometric(
  'ShearY',
  'Shears the image and its ground truth vertically, by degrees',
  angles,
  (slope) => single([1, 0, 0, slope, 1, 0]),
  tangent,
);

export const TranslateX = geometric(
  'TranslateX',
  'Moves the image and its ground truth horizontally, by a fraction of the width',
  shares,
  (share, width) => [1, 0, Math.trunc(width * share), 0, 1, 0],
);

export const TranslateY = geometric(
  'TranslateY',
  'Moves the image and its ground truth vertically, by a fraction of the height',
  shares,
  (share, _, height) => [1, 0, 0, 0, 1, Math.trunc(height * share)],
);
