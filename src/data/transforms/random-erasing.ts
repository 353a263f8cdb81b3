// RandomErasing (MMDetection 3.x; Zhong et al., AAAI 2020): fills random rectangles of the image and cuts them out of the masks;
// objects that are mostly erased are dropped. Polygons, which MMDetection cannot erase from, are refused.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxAreas, boxesWhere } from '../../geometry/boxes';
import type { SemanticMap } from '../../masks';
import { boxToRle, type Rle, subtractRle } from '../../masks';
import type { Random } from '../../random';
import { takeInstances } from '../instances';
import { colourOf, pastePixels, pixelsLike, solidImage, type Window } from '../pixels/pixel-image';
import type { AnyImage, Truths } from '../types';
import { pixelsOf, type Transform } from './sample';

const f = Math.fround;
const count = z.int().nonnegative();
const share = z.number().min(0).max(1);
const gray = z.number().min(0).max(255);

const options = z.strictObject({
  n_patches: z.union([count, z.tuple([count, count])]).describe('Number of rectangles, or its range'),
  ratio: z
    .union([share, z.tuple([share, share])])
    .describe('Sides of a rectangle as a fraction of the image, or its range'),
  squared: z.boolean().default(true).describe('The same fraction of both sides'),
  bbox_erased_thr: z.number().min(0).default(0.9).describe('Objects of whose box this share is erased are dropped'),
  img_border_value: z
    .union([gray, z.tuple([gray, gray, gray])])
    .default(128)
    .describe('Fill colour: a gray level, or b, g, r'),
  mask_border_value: z.literal(0).default(0).describe('Only 0: what is erased is no object'),
  seg_ignore_label: z.int().min(0).max(65_535).default(255).describe('Fill value of semantic maps'),
});
type Options = z.output<typeof options>;

function drawPatches({ n_patches, ratio, squared }: Options, { width, height }: AnyImage, random: Random): Window[] {
  const [min, max] = typeof n_patches === 'number' ? [n_patches, n_patches] : n_patches;
  const [low, high] = typeof ratio === 'number' ? [ratio, ratio] : ratio;
  const draw = () => random.uniform() * (high - low) + low;
  const number = min + random.integer(max - min + 1);
  return Array.from({ length: number }, () => {
    const ofHeight = draw();
    const ofWidth = squared ? ofHeight : draw();
    const [h, w] = [Math.trunc(height * ofHeight), Math.trunc(width * ofWidth)];
    const left = random.integer(Math.max(width - w, 1));
    return { left, top: random.integer(Math.max(height - h, 1)), width: w, height: h };
  });
}

/** Indices of the objects whose box is not mostly erased. */
function remaining({ bboxes }: Truths, patches: readonly Window[], threshold: number): number[] {
  const areas = boxAreas(bboxes);
  return boxesWhere(bboxes, (x1, y1, x2, y2, i) => {
    let erased = 0;
    for (const { left, top, width, height } of patches)
      erased +=
        Math.max(Math.min(x2, left + width) - Math.max(x1, left), 0) *
        Math.max(Math.min(y2, top + height) - Math.max(y1, top), 0);
    return erased / f(areas[i] + f(1e-7)) < threshold;
  });
}

function erasedTruths(truths: Truths, patches: readonly Window[], threshold: number): Truths {
  const kept = takeInstances(truths, remaining(truths, patches, threshold));
  const { masks } = kept;
  if (!masks) return kept;
  if (masks.kind === 'polygon')
    throw new DetLabError(
      'Cannot run RandomErasing: expected bitmap masks, received polygons. Set poly2mask: true in LoadAnnotations',
    );
  const { height, width } = masks;
  const erase = (mask: Rle) =>
    patches.reduce((rest, p) => subtractRle(rest, boxToRle([p.left, p.top, p.width, p.height], height, width)), mask);
  return { ...kept, masks: { ...masks, masks: masks.masks.map(erase) } };
}

function erasedMap(map: SemanticMap, patches: readonly Window[], label: number): SemanticMap {
  const data = map.data.slice();
  for (const { left, top, width, height } of patches)
    for (let y = top; y < top + height; y++) data.fill(label, y * map.width + left, y * map.width + left + width);
  return { ...map, data };
}

export const RandomErasing = defineModule({
  kind: 'transform',
  type: 'RandomErasing',
  summary: 'Fills random rectangles and drops the objects that they hide',
  paper: 'Zhong et al., Random Erasing Data Augmentation, AAAI 2020',
  shapes: '[H, W, 3] -> [H, W, 3]',
  example: "{ type: 'RandomErasing', n_patches: [1, 5], ratio: [0, 0.2] }",
  options,
  build:
    (o): Transform =>
    (sample, random) => {
      const image = pixelsOf(sample, 'RandomErasing');
      const patches = drawPatches(o, image, random);
      const out = { ...image, data: pixelsLike(image.data, image.data.length) };
      out.data.set(image.data);
      const colour = colourOf(o.img_border_value, image.order).map(Math.trunc);
      for (const { left, top, width, height } of patches)
        pastePixels(out, solidImage(image, width, height, colour), left, top);
      sample.image = out;
      if (sample.semantic) sample.semantic = erasedMap(sample.semantic, patches, o.seg_ignore_label);
      if (sample.truths) sample.truths = erasedTruths(sample.truths, patches, o.bbox_erased_thr);
      return sample;
    },
});
