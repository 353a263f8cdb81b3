// Four images around one point: each is fitted into the scale and laid with one corner at the point, on a field of twice
// the scale (Bochkovskiy et al., YOLOv4, 2020). Boxes and masks move along.

import { boxesInside, clipBoxes, scaleBoxes, shiftBoxes } from '../../geometry/boxes';
import { placeMasks, resizeMasks } from '../../masks';
import { layPixels, plainImage } from '../pixels/pixel-image';
import { resizeBilinear } from '../pixels/resize-bilinear';
import { joinTruths, takeTruths } from '../transform-truths';
import type { AnyImage, Truths } from '../types';
import { pixelsOf, type Sample, truthsOf } from './sample';

export interface MosaicOptions {
  /** [width, height] that each image is fitted into. */
  img_scale: readonly [number, number];
  /** Level of the field where no image lies. */
  pad_val: number;
  bbox_clip_border: boolean;
}

/** MMDetection leaves out truths outside of the field; MMYOLO only where it does not clip them, and rounds masks another way. */
export type MosaicManner = 'mmdet' | 'mmyolo';

/**
 * @param parts top left, top right, bottom left, bottom right
 * @param center [x, y] of the point on the field
 */
export function mosaic(
  parts: readonly Sample[],
  center: readonly [number, number],
  { img_scale: [w, h], pad_val, bbox_clip_border }: MosaicOptions,
  manner: MosaicManner,
): { image: AnyImage; truths: Truths } {
  const [width, height] = [2 * w, 2 * h];
  const field = plainImage(pixelsOf(parts[0], 'Mosaic'), width, height, [pad_val, pad_val, pad_val]);
  const moved = parts.map((part, i): Truths => {
    const image = pixelsOf(part, 'Mosaic');
    const ratio = Math.min(h / image.height, w / image.width);
    const fitted = resizeBilinear(image, atLeastOne(image.width * ratio), atLeastOne(image.height * ratio));
    const left = i % 2 === 0 ? center[0] - fitted.width : center[0];
    const top = i < 2 ? center[1] - fitted.height : center[1];
    layPixels(field, fitted, left, top);
    const truths = truthsOf(part);
    const bboxes = shiftBoxes(scaleBoxes(truths.bboxes, [ratio, ratio]), left, top);
    if (!truths.masks) return { ...truths, bboxes };
    const near = (side: number) => Math.floor(side * ratio + 0.5);
    const [rows, columns] =
      manner === 'mmdet' ? [near(truths.masks.height), near(truths.masks.width)] : [fitted.height, fitted.width];
    return {
      ...truths,
      bboxes,
      masks: placeMasks(resizeMasks(truths.masks, rows, columns), { left, top, width, height }),
    };
  });
  const truths = joinTruths(moved);
  if (bbox_clip_border) truths.bboxes = clipBoxes(truths.bboxes, [height, width]);
  if (bbox_clip_border && manner === 'mmyolo') return { image: field, truths };
  return { image: field, truths: takeTruths(truths, boxesInside(truths.bboxes, [height, width])) };
}

/** Whole pixels, cut. */
const atLeastOne = (side: number): number => Math.max(Math.trunc(side), 1);
