// MixUp of YOLOX: another image, fitted into a scale, jittered and mirrored, half and half with this one (Zhang et al.,
// mixup, ICLR 2018). The arithmetic is MMDetection's: the other image is resized in double precision and then cut to bytes.

import { boxesInside, clipBoxes, flipBoxes, scaleBoxes, shiftBoxes } from '../../geometry/boxes';
import { flipMasks, placeMasks, resizeMasks } from '../../masks';
import type { Random } from '../../random';
import { flipPixels } from '../pixels/flip';
import { colourOf, layPixels, plainImage } from '../pixels/pixel-image';
import { resizeBilinear, resizeCutting } from '../pixels/resize-bilinear';
import { joinTruths, takeTruths } from '../transform-truths';
import type { PixelImage, Truths } from '../types';
import { bytesOf, type Sample, truthsOf } from './sample';

export interface MixUpOptions {
  /** [width, height] of the field that the other image is fitted into. */
  img_scale: readonly [number, number];
  pad_val: number | readonly number[];
  bbox_clip_border: boolean;
}

/** What is drawn: factor on the other image, whether it is mirrored, and where this image's window on it begins. */
export interface MixUpDraw {
  jitter: number;
  flip: boolean;
  /** [x, y]; asked for once the room is known. */
  offset: (roomX: number, roomY: number) => [number, number];
}

/** As numpy draws them: the ends of the room are not reached. */
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

/** @param drops whether truths outside of the image are left out (MMYOLO: only where they are not clipped) */
export function mixUp(
  sample: Sample,
  other: Sample,
  draw: MixUpDraw,
  o: MixUpOptions,
  drops: boolean,
): { image: PixelImage; truths: Truths } {
  const own = bytesOf(sample, 'MixUp');
  const theirs = bytesOf(other, 'MixUp');
  const [w, h] = o.img_scale;
  const fit = Math.min(h / theirs.height, w / theirs.width);
  const colour = colourOf(o.pad_val, own.order);
  const field = plainImage(theirs, w, h, colour);
  layPixels(field, resizeBilinear(theirs, Math.trunc(theirs.width * fit), Math.trunc(theirs.height * fit)), 0, 0);
  let jittered = resizeCutting(field, Math.trunc(w * draw.jitter), Math.trunc(h * draw.jitter));
  if (draw.flip) jittered = flipPixels(jittered, 'horizontal');
  const { width, height } = jittered;
  const padded = plainImage(theirs, Math.max(width, own.width), Math.max(height, own.height), colour);
  layPixels(padded, jittered, 0, 0);
  const [left, top] = draw.offset(padded.width - own.width, padded.height - own.height);

  const truths = truthsOf(other);
  const scale = fit * draw.jitter;
  let bboxes = scaleBoxes(truths.bboxes, [scale, scale]);
  if (o.bbox_clip_border) bboxes = clipBoxes(bboxes, [height, width]);
  if (draw.flip) bboxes = flipBoxes(bboxes, 'horizontal', [height, width]);
  bboxes = shiftBoxes(bboxes, -left, -top);
  if (o.bbox_clip_border) bboxes = clipBoxes(bboxes, [own.height, own.width]);
  const moved: Truths = { ...truths, bboxes };
  if (truths.masks) {
    const near = (side: number) => Math.floor(side * scale + 0.5);
    let masks = resizeMasks(truths.masks, near(truths.masks.height), near(truths.masks.width));
    if (draw.flip) masks = flipMasks(masks, 'horizontal');
    moved.masks = placeMasks(masks, { left: -left, top: -top, width: own.width, height: own.height });
  }
  const joined = joinTruths([truthsOf(sample), moved]);
  return {
    image: halfAndHalf(own, padded, left, top),
    truths: drops ? takeTruths(joined, boxesInside(joined.bboxes, [own.height, own.width])) : joined,
  };
}

function halfAndHalf(own: PixelImage, other: PixelImage, left: number, top: number): PixelImage {
  const { width, height, order } = own;
  const data = new Uint8Array(own.data.length);
  for (let y = 0; y < height; y++) {
    let q = ((top + y) * other.width + left) * 3;
    for (let p = y * width * 3, end = p + width * 3; p < end; p++, q++) data[p] = (own.data[p] + other.data[q]) >> 1;
  }
  return { data, width, height, order };
}
