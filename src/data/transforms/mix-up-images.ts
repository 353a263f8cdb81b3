// MixUp of YOLOX: averages the image with another one, which is resized to fit a scale, jittered in size and flipped at
// random (Zhang et al., mixup, ICLR 2018).

import { flipMasks, placeMasks, resizeMasks } from '../../masks';
import type { Random } from '../../random';
import { concatInstances, takeInstances } from '../instances';
import { clipInstances, flipInstances, instancesInside, scaleInstances, shiftInstances } from '../move-boxes';
import { mixWindow } from '../pixels/mix-window';
import { colourOf, pastePixels, solidImage } from '../pixels/pixel-image';
import { returnPixels } from '../pixels/pixel-pool';
import { resizeBilinear } from '../pixels/resize-bilinear';
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
  const fitted = resizeBilinear(otherImage, Math.trunc(otherImage.width * fit), Math.trunc(otherImage.height * fit));
  let canvas = fitted;
  if (fitted.width !== w || fitted.height !== h) {
    canvas = solidImage(otherImage, w, h, colour);
    pastePixels(canvas, fitted, 0, 0);
  }
  // its size after the jitter; smaller than the image it is padded
  const [width, height] = [Math.trunc(w * draw.jitter), Math.trunc(h * draw.jitter)];
  const [left, top] = draw.offset(Math.max(width - image.width, 0), Math.max(height - image.height, 0));

  const truths = truthsOf(other);
  const scale = fit * draw.jitter;
  const clip = (given: Truths, size: [number, number]) => (o.bbox_clip_border ? clipInstances(given, size) : given);
  let moved = clip(scaleInstances(truths, [scale, scale]), [height, width]);
  if (draw.flip) moved = flipInstances(moved, 'horizontal', [height, width]);
  moved = clip(shiftInstances(moved, -left, -top), [image.height, image.width]);
  if (truths.masks) {
    const scaled = (side: number) => Math.floor(side * scale + 0.5);
    let masks = resizeMasks(truths.masks, scaled(truths.masks.height), scaled(truths.masks.width));
    if (draw.flip) masks = flipMasks(masks, 'horizontal');
    moved.masks = placeMasks(masks, { left: -left, top: -top, width: image.width, height: image.height });
  }
  const mixed = mixWindow(image, canvas, { width, height, flip: draw.flip, left, top, colour });
  for (const step of [canvas, fitted]) if (step !== otherImage) returnPixels(step.data);
  const all = concatInstances([truthsOf(sample), moved]);
  return {
    image: mixed,
    truths: dropOutside ? takeInstances(all, instancesInside(all, [image.height, image.width])) : all,
  };
}
