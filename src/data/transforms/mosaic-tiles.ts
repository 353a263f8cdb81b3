// Mosaic of four images: each is resized to fit the scale and pasted with one corner at a common centre, on a canvas of
// twice the scale (Bochkovskiy et al., YOLOv4, 2020). Boxes and masks follow.

import { placeMasks, resizeMasks } from '../../masks';
import { concatInstances, takeInstances } from '../instances';
import { clipInstances, instancesInside, scaleInstances, shiftInstances } from '../move-boxes';
import { pastePixels, solidImage } from '../pixels/pixel-image';
import { returnPixels } from '../pixels/pixel-pool';
import { resizeBilinear } from '../pixels/resize-bilinear';
import type { AnyImage, Truths } from '../types';
import { pixelsOf, type Sample, truthsOf } from './sample';

export interface MosaicOptions {
  /** [width, height] that each image is resized to fit. */
  img_scale: readonly [number, number];
  /** Padding value. */
  pad_val: number;
  bbox_clip_border: boolean;
}

/** MMDetection drops boxes outside the canvas; MMYOLO only if it does not clip them, and rounds mask sizes differently. */
export type MosaicVariant = 'mmdet' | 'mmyolo';

/**
 * @param parts top left, top right, bottom left, bottom right
 * @param center [x, y] on the canvas
 */
export function mosaic(
  parts: readonly Sample[],
  center: readonly [number, number],
  { img_scale: [w, h], pad_val, bbox_clip_border }: MosaicOptions,
  variant: MosaicVariant,
): { image: AnyImage; truths: Truths } {
  const [width, height] = [2 * w, 2 * h];
  const canvas = solidImage(pixelsOf(parts[0], 'Mosaic'), width, height, [pad_val, pad_val, pad_val]);
  const moved = parts.map((part, i): Truths => {
    const image = pixelsOf(part, 'Mosaic');
    const ratio = Math.min(h / image.height, w / image.width);
    const fitted = resizeBilinear(image, atLeastOne(image.width * ratio), atLeastOne(image.height * ratio));
    const left = i % 2 === 0 ? center[0] - fitted.width : center[0];
    const top = i < 2 ? center[1] - fitted.height : center[1];
    pastePixels(canvas, fitted, left, top);
    if (fitted !== image) returnPixels(fitted.data);
    const truths = truthsOf(part);
    const placed = shiftInstances(scaleInstances(truths, [ratio, ratio]), left, top);
    if (!truths.masks) return placed;
    const scaled = (side: number) => Math.floor(side * ratio + 0.5);
    const [rows, columns] =
      variant === 'mmdet' ? [scaled(truths.masks.height), scaled(truths.masks.width)] : [fitted.height, fitted.width];
    return {
      ...placed,
      masks: placeMasks(resizeMasks(truths.masks, rows, columns), { left, top, width, height }),
    };
  });
  const joined = concatInstances(moved);
  const truths = bbox_clip_border ? clipInstances(joined, [height, width]) : joined;
  if (bbox_clip_border && variant === 'mmyolo') return { image: canvas, truths };
  return { image: canvas, truths: takeInstances(truths, instancesInside(truths, [height, width])) };
}

/** Truncated to whole pixels, at least one. */
const atLeastOne = (side: number): number => Math.max(Math.trunc(side), 1);
