// CopyPaste (MMDetection 3.x; Ghiasi et al., CVPR 2021): pastes random objects of another image over this one, and cuts the
// objects that they hide. Inside a MultiImageMixDataset, whose pipeline makes all images one size.

import { z } from 'zod';
import { defineModule } from '../../catalogue/registry';
import { DetLabError } from '../../errors';
import { boxesOfMasks, boxToRle, foreground, mergeRles, type Rle, rleArea, subtractRle } from '../../masks';
import type { Random } from '../../random';
import { concatInstances, takeInstances } from '../instances';
import { pixelsLike } from '../pixels/pixel-image';
import type { AnyImage, Truths } from '../types';
import { drawOtherImages, otherImagesOf } from './other-images';
import { pixelsOf, replacePixels, type Sample, type Transform, truthsOf } from './sample';

const options = z.strictObject({
  max_num_pasted: z.int().positive().default(100).describe('Fewer objects than this are pasted'),
  bbox_occluded_thr: z
    .number()
    .nonnegative()
    .default(10)
    .describe('Objects stay whose box moves by at most this on each side, pixels'),
  mask_occluded_thr: z
    .number()
    .nonnegative()
    .default(300)
    .describe('Objects stay of which more than this is seen, pixels'),
  selected: z.boolean().default(true).describe('Paste a random selection; false: all objects of the other image'),
  paste_by_box: z.boolean().default(false).describe('Paste boxes where masks are not loaded'),
});
type Options = z.output<typeof options>;
type MaskedTruths = Truths & { masks: { kind: 'bitmap'; height: number; width: number; masks: Rle[] } };

/** Ground truth with bitmaps: the masks, or the boxes. */
function withBitmaps(sample: Sample, byBox: boolean): MaskedTruths {
  const truths = truthsOf(sample);
  const { masks } = truths;
  if (masks?.kind === 'bitmap') return { ...truths, masks };
  if (masks)
    throw new DetLabError(
      'Cannot run CopyPaste: expected bitmap masks, received polygons. Set poly2mask: true in LoadAnnotations',
    );
  if (!byBox)
    throw new DetLabError(
      'Cannot run CopyPaste: expected masks, received none. Set with_mask: true in LoadAnnotations, or paste_by_box: true',
    );
  const { width, height } = pixelsOf(sample, 'CopyPaste');
  const bitmaps = Array.from({ length: truths.labels.length }, (_, i) => {
    const [x1, y1, x2, y2] = truths.bboxes.subarray(4 * i, 4 * i + 4).map(Math.trunc);
    return boxToRle([x1, y1, x2 - x1, y2 - y1], height, width);
  });
  return { ...truths, masks: { kind: 'bitmap', height, width, masks: bitmaps } };
}

/** Indices of a random number of objects. */
function drawObjects(count: number, { max_num_pasted, selected }: Options, random: Random): ArrayLike<number> {
  if (!selected) return Array.from({ length: count }, (_, i) => i);
  return random.permutation(count, random.integer(Math.min(count + 1, max_num_pasted)));
}

/** The pixels of `over` where the mask is, of `image` elsewhere. */
function composed(image: AnyImage, over: AnyImage, mask: Rle): AnyImage {
  const out = { ...image, data: pixelsLike(image.data, image.data.length) };
  out.data.set(image.data);
  for (const [from, to] of foreground(mask))
    for (let i = from; i < to; i++) {
      const p = ((i % mask.height) * mask.width + Math.floor(i / mask.height)) * 3;
      for (let c = 0; c < 3; c++) out.data[p + c] = over.data[image.order === over.order ? p + c : p + 2 - c];
    }
  return out;
}

function paste(sample: Sample, other: Sample, o: Options, random: Random): Sample {
  const [image, source] = [pixelsOf(sample, 'CopyPaste'), pixelsOf(other, 'CopyPaste')];
  if (image.width !== source.width || image.height !== source.height)
    throw new DetLabError(
      `Cannot run CopyPaste on "${sample.record.path}": expected another image of ${image.width} x ${image.height}, received ` +
        `${source.width} x ${source.height}. Make the inner pipeline crop and pad to one size`,
    );
  const all = withBitmaps(other, o.paste_by_box);
  const pasted = takeInstances(all, drawObjects(all.labels.length, o, random));
  const truths = withBitmaps(sample, o.paste_by_box);
  if (pasted.labels.length === 0) return { ...sample, truths };
  const cover = mergeRles(pasted.masks.masks);
  const masks = { ...truths.masks, masks: truths.masks.masks.map((mask) => subtractRle(mask, cover)) };
  const bboxes = boxesOfMasks(masks);
  const kept = masks.masks.flatMap((mask, i) => {
    let moved = 0;
    for (let k = 4 * i; k < 4 * i + 4; k++)
      moved = Math.max(moved, Math.abs(Math.fround(bboxes[k] - truths.bboxes[k])));
    return moved <= o.bbox_occluded_thr || rleArea(mask) > o.mask_occluded_thr ? [i] : [];
  });
  // as in MMDetection, remaining boxes become those around what is seen
  sample.truths = concatInstances([takeInstances({ ...truths, bboxes, masks }, kept), pasted]);
  replacePixels(sample, composed(image, source, cover));
  return sample;
}

export const CopyPaste = defineModule({
  kind: 'transform',
  type: 'CopyPaste',
  summary: 'Pastes random objects of another image, by their masks',
  paper: 'Ghiasi et al., Simple Copy-Paste is a Strong Data Augmentation Method for Instance Segmentation, CVPR 2021',
  shapes: '2 x [H, W, 3] -> [H, W, 3]',
  example: "{ type: 'CopyPaste', max_num_pasted: 100 }",
  options,
  build:
    (o): Transform =>
    async (sample, random) => {
      const otherImages = otherImagesOf(sample, 'CopyPaste');
      const draw = async () => [await otherImages.load(random.integer(otherImages.count), random.fork(1))];
      const [other] = await drawOtherImages(1, 'CopyPaste', random, draw);
      return paste(sample, other, o, random);
    },
});
