// What geometry does to truths, in single precision and MMDetection's order: scale, shift, clip, keep, join. Nothing is
// changed in place.

import { joinMasks, takeMasks } from '../masks';
import type { Truths } from './types';

const f = Math.fround;

/** x and y multiplied by [fx, fy]. */
export function scaleBoxes(boxes: Float32Array, [fx, fy]: readonly [number, number]): Float32Array {
  const [x, y] = [f(fx), f(fy)];
  return boxes.map((v, i) => v * (i & 1 ? y : x));
}

export function shiftBoxes(boxes: Float32Array, left: number, top: number): Float32Array {
  return boxes.map((v, i) => v + (i & 1 ? top : left));
}

export function clipBoxes(boxes: Float32Array, width: number, height: number): Float32Array {
  return boxes.map((v, i) => Math.min(Math.max(v, 0), i & 1 ? height : width));
}

/** Which boxes reach into an image of `width` x `height`. */
export function boxesInside(boxes: Float32Array, width: number, height: number): number[] {
  return boxesWhere(boxes, (x1, y1, x2, y2) => x1 < width && y1 < height && x2 > 0 && y2 > 0);
}

/** Indices of the boxes that pass `test`. */
export function boxesWhere(
  boxes: Float32Array,
  test: (x1: number, y1: number, x2: number, y2: number, i: number) => boolean,
): number[] {
  const kept: number[] = [];
  for (let i = 0; i < boxes.length / 4; i++)
    if (test(boxes[4 * i], boxes[4 * i + 1], boxes[4 * i + 2], boxes[4 * i + 3], i)) kept.push(i);
  return kept;
}

/** The boxes at `kept`. */
export function takeBoxes(boxes: Float32Array, kept: readonly number[]): Float32Array {
  const out = new Float32Array(kept.length * 4);
  for (const [k, i] of kept.entries()) out.set(boxes.subarray(4 * i, 4 * i + 4), 4 * k);
  return out;
}

/** The truths at `kept`, with their masks. */
export function takeTruths({ bboxes, labels, ignored, masks }: Truths, kept: readonly number[]): Truths {
  const taken: Truths = {
    bboxes: takeBoxes(bboxes, kept),
    labels: Int32Array.from(kept, (i) => labels[i]),
    ignored: Uint8Array.from(kept, (i) => ignored[i]),
  };
  if (masks) taken.masks = takeMasks(masks, kept);
  return taken;
}

/** Truths of several images in one frame, one after the other. Masks join where all have them. */
export function joinTruths(parts: readonly Truths[]): Truths {
  const joined: Truths = {
    bboxes: Float32Array.from(parts.flatMap((p) => [...p.bboxes])),
    labels: Int32Array.from(parts.flatMap((p) => [...p.labels])),
    ignored: Uint8Array.from(parts.flatMap((p) => [...p.ignored])),
  };
  const masks = parts.map((p) => p.masks).filter((m) => m !== undefined);
  if (parts.length > 0 && masks.length === parts.length) joined.masks = joinMasks(masks);
  return joined;
}
