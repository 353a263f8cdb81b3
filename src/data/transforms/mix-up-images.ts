// MixUp of YOLOX: averages the image with another one, which is resized to fit a scale, jittered in size and flipped at
// random (Zhang et al., mixup, ICLR 2018). As in MMDetection, the other image is resized in double precision, then truncated.

import { boxesInside, clipBoxes, flipBoxes, scaleBoxes, shiftBoxes } from '../../geometry/boxes';
import { flipMasks, placeMasks, resizeMasks } from '../../masks';
import type { Random } from '../../random';
import { concatInstances, takeInstances } from '../instances';
import { flipPixels } from '../pixels/flip';
import { colourOf, pastePixels, solidImage } from '../pixels/pixel-image';
import { resizeBilinear, resizeTruncating } from '../pixels/resize-bilinear';
import type { PixelImage, Truths } from '../types';
import { bytesOf, type Sample, truthsOf } from './sample';

export interface MixUpOptions {
  /** [width, height] of the canvas that the other image is resized to fit. */
  img_scale: readonly [number, number];
  pad_val: number | readonly number[];
  bbox_clip_border: boolean;
}

/** Random scale factor and flip of the other image, and offset of this image on it. */
export interface MixUpDraw {
  jitter: number;
  flip: boolean;
  /** [x, y], drawn once the margins are known. */
  offset: (marginX: number, marginY: number) => [number, number];
}

/** As NumPy draws them: the upper ends are exclusive. */
export function drawMixUp(
  { ratio_range, flip_ratio }: { ratio_range: readonly [number, number]; flip_ratio: number },
  random: Random,
): MixUpDraw {
  return {
    jitter: random.uniform(...ratio_range),
    flip: random.uniform() > flip_ratio,
    offset: (x, y) => {
      const top = y > 0 ? random.integer(y) : 0;
      return [x > 0 ? random.integer(x) : 0, top];
    },
  };
}

/** @param dropOutside drop boxes outside the image (MMYOLO: only if they are not clipped) */
export function mixUp(
  sample: Sample,
  other: Sample,
  draw: MixUpDraw,
  o: MixUpOptions,
  dropOutside: boolean,
): { image: PixelImage; truths: Truths } {
  const image = bytesOf(sample, 'MixUp');
  const otherImage = bytesOf(other, 'MixUp');
  const [w, h] = o.img_scale;
  const fit = Math.min(h / otherImage.height, w / otherImage.width);
  const colour = colourOf(o.pad_val, image.order);
  const canvas = solidImage(otherImage, w, h, colour);
  const fitted = resizeBilinear(otherImage, Math.trunc(otherImage.width * fit), Math.trunc(otherImage.height * fit));
  pastePixels(canvas, fitted, 0, 0);
  let jittered = resizeTruncating(canvas, Math.trunc(w * draw.jitter), Math.trunc(h * draw.jitter));
  if (draw.flip) jittered = flipPixels(jittered, 'horizontal');
  const { width, height } = jittered;
  const padded = solidImage(otherImage, Math.max(width, image.width), Math.max(height, image.height), colour);
  pastePixels(padded, jittered, 0, 0);
  const [left, top] = draw.offset(padded.width - image.width, padded.height - image.height);

  const truths = truthsOf(other);
  const scale = fit * draw.jitter;
  let bboxes = scaleBoxes(truths.bboxes, [scale, scale]);
  if (o.bbox_clip_border) bboxes = clipBoxes(bboxes, [height, width]);
  if (draw.flip) bboxes = flipBoxes(bboxes, 'horizontal', [height, width]);
  bboxes = shiftBoxes(bboxes, -left, -top);
  if (o.bbox_clip_border) bboxes = clipBoxes(bboxes, [image.height, image.width]);
  const moved: Truths = { ...truths, bboxes };
  if (truths.masks) {
    const scaled = (side: number) => Math.floor(side * scale + 0.5);
    let masks = resizeMasks(truths.masks, scaled(truths.masks.height), scaled(truths.masks.width));
    if (draw.flip) masks = flipMasks(masks, 'horizontal');
    moved.masks = placeMasks(masks, { left: -left, top: -top, width: image.width, height: image.height });
  }
  const all = concatInstances([truthsOf(sample), moved]);
  return {
    image: averageWithWindow(image, padded, left, top),
    truths: dropOutside ? takeInstances(all, boxesInside(all.bboxes, [image.height, image.width])) : all,
  };
}

/** The mean of `image` and the window of its size at (left, top) of `other`. */
function averageWithWindow(image: PixelImage, other: PixelImage, left: number, top: number): PixelImage {
  const { width, height, order } = image;
  const data = new Uint8Array(image.data.length);
  for (let y = 0; y < height; y++) {
    let q = ((top + y) * other.width + left) * 3;
    for (let p = y * width * 3, end = p + width * 3; p < end; p++, q++) data[p] = (image.data[p] + other.data[q]) >> 1;
  }
  return { data, width, height, order };
}
