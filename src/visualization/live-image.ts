// One image with boxes as data: what a gallery is made of, and the form in which its scripts read it.

import type { PixelImage } from '../data/types';
import { DetLabError, didYouMean } from '../errors';
import { rotatedCorners } from '../geometry/rotated-boxes';
import type { Skeleton } from '../geometry/skeleton';
import type { Rle } from '../masks';
import { BOX_STATES, type BoxState } from './box-states';
import type { LiveImageData } from './live-image-data';
import { maskOutline } from './mask-outline';
import { poseStrokes } from './pose-strokes';

/** A box of an image. One without a score is a truth. */
export interface LiveBox {
  /** x1, y1, x2, y2 in pixels of the image. */
  bbox: readonly number[];
  /** Of a rotated box, which is drawn in place of the one around it: center, sides and angle, or its corners. */
  rbox?: readonly number[];
  corners?: readonly number[];
  /** Index of the class. */
  label: number;
  score?: number;
  state?: BoxState;
  /** Identity of the object over the frames of a video. */
  id?: number;
  /** IoU with the truth it met. */
  iou?: number;
  /** Which truth it met, in words. */
  met?: string;
  mask?: Rle;
  /** x, y and score (of a truth, visibility) of its keypoints, which are drawn from 0.3 on. */
  keypoints?: readonly number[];
  /** Of a truth: the highest threshold at which it is found; above it the truth is missed. */
  foundUpTo?: number;
  /** The side that shows it, of images side by side; default: truths on the left, predictions on the right. */
  side?: 'left' | 'right';
  /** What else the pointer shows. */
  note?: string;
  dashed?: boolean;
  /** A thin line without a label. */
  minor?: boolean;
  /** Its mask and label alone, without the box: a segment. */
  region?: boolean;
  /** Label in place of class and score. */
  text?: string;
}

/** A filled circle on an image, switched with the boxes of its class. */
export interface LivePoint {
  /** In pixels of the image. */
  x: number;
  y: number;
  radius: number;
  /** Index of the class. */
  label: number;
  /** What the pointer shows. */
  text: string;
  opacity?: number;
}

/** An image with its boxes as data. */
export interface LiveImage {
  /** Path or name. */
  source: string;
  /** The pixels, or how to read them: it is called only for images that are shown. */
  pixels: PixelImage | (() => Promise<PixelImage>);
  /** Of the pixels to which the boxes belong. */
  width: number;
  height: number;
  boxes: readonly LiveBox[];
  points?: readonly LivePoint[];
  /** What the keypoints of its boxes are; those of COCO's person where there are as many. */
  skeleton?: Skeleton;
  /** A line below the image; default: its source. */
  caption?: string;
  /** What a gallery can be sorted by: AP, loss, ...; NaN where there is none. */
  values?: Readonly<Record<string, number>>;
}

/** The corners x, y, x, y, ... of a box that is not upright. */
export const cornersOf = ({ rbox, corners }: Pick<LiveBox, 'rbox' | 'corners'>): readonly number[] | undefined =>
  corners ?? (rbox && Array.from(rotatedCorners(Float32Array.from(rbox))));

/** The data of an image as the scripts read it, its positions with so many decimals. `outlines`: whether with its masks. */
export function liveData(image: LiveImage, decimals: number, { outlines = true } = {}): LiveImageData {
  const { source, width, height, caption, values = {}, boxes, points, skeleton } = image;
  const states = Object.keys(BOX_STATES);
  const rounded = (v: number) => Number(v.toFixed(decimals));
  const places = (v: number | undefined, n: number) =>
    v === undefined || !Number.isFinite(v) ? null : Number(v.toFixed(n));
  return {
    name: source,
    width,
    height,
    caption,
    values: Object.fromEntries(Object.entries(values).map(([name, v]) => [name, places(v, 6)])),
    boxes: boxes.map(({ bbox, rbox, corners, label, score, state, iou, met, mask, foundUpTo, side, ...drawn }) => {
      const [x1, y1, x2, y2] = bbox;
      const rest = [
        places(score, 5),
        state === undefined ? null : states.indexOf(state),
        places(iou, 3),
        met ?? null,
        mask && outlines ? maskOutline(mask) : null,
        places(foundUpTo, 5),
        side === undefined ? null : side === 'left' ? 0 : 1,
        drawn.note ?? null,
        (drawn.dashed ? 1 : 0) + (drawn.minor ? 2 : 0) + (drawn.region ? 4 : 0) || null,
        drawn.text ?? null,
        cornersOf({ rbox, corners })?.map(rounded) ?? null,
        drawn.keypoints
          ? poseStrokes(drawn.keypoints, skeleton).map(([x, y, toX, toY, color]) => [
              ...[x, y, toX, toY].map(rounded),
              color,
            ])
          : null,
      ];
      while (rest.length > 0 && rest[rest.length - 1] === null) rest.pop();
      return [...[x1, y1, x2, y2].map(rounded), label, ...rest] as LiveImageData['boxes'][number];
    }),
    ...(points && {
      points: points.map(({ x, y, radius, label, text, opacity = 0.85 }) => [
        rounded(x),
        rounded(y),
        rounded(radius),
        label,
        text,
        opacity,
      ]),
    }),
  };
}

/**
 * Sorts images by a value.
 *
 * @param sortBy name of the value, with a minus for the largest first; images without it come last
 * @throws DetLabError for a value that no image has, with the nearest name
 */
export function orderedImages(
  images: readonly LiveImage[],
  sortBy: string | undefined,
  what: string,
): readonly LiveImage[] {
  if (sortBy === undefined) return images;
  const names = [...new Set(images.flatMap(({ values }) => Object.keys(values ?? {})))];
  const name = sortBy.replace(/^-/, '');
  if (!names.includes(name))
    throw new DetLabError(
      `Cannot ${what}: sortBy: no image has a value "${name}"; ` +
        `${names.length > 0 ? `there are ${names.join(', ')}` : 'there are none'}.${didYouMean(name, names)}`,
    );
  const sign = sortBy.startsWith('-') ? -1 : 1;
  const rank = ({ values }: LiveImage) => {
    const value = values?.[name];
    return value === undefined || Number.isNaN(value) ? Number.POSITIVE_INFINITY : sign * value;
  };
  return [...images].sort((a, b) => {
    const [p, q] = [rank(a), rank(b)];
    return p === q ? 0 : p - q;
  });
}
