// The masks that queries are matched with: those of objects, and with a semantic map those of stuff, one for each class.

import type { PackedSample } from '../../data/types';
import { DetLabError } from '../../errors';
import { type Bitmap, decodeRle, SEGMENT, sampleMask, toRles } from '../../masks';
import type { PanopticClasses } from '../inferred-options/infer-panoptic-classes';
import { type Instances, type Size, toInstances } from '../task-modules';

export interface MaskTruths {
  labels: Int32Array; // [K]
  bitmaps: Bitmap[];
  kinds: Uint8Array;
  /** Of objects; zeros of stuff. */
  boxes: Float32Array;
}

/** @throws DetLabError for objects without masks */
export function maskTruthsOf(
  { truths, semantic, meta }: PackedSample,
  { num_things_classes: things, num_stuff_classes: stuff }: PanopticClasses,
): MaskTruths {
  const { labels, masks, bboxes } = toInstances(truths, meta.imgPath);
  if (labels.length > 0 && !masks)
    throw new DetLabError(
      `Cannot compute the losses of masks on "${meta.imgPath}": its masks were not loaded. Set with_mask to true in ` +
        'LoadAnnotations of the training pipeline',
    );
  const rles = masks ? toRles(masks) : [];
  const objects = rles.map((rle): Bitmap => ({ data: decodeRle(rle), width: rle.width, height: rle.height }));
  const present = semantic && stuff > 0 ? new Set(semantic.data) : new Set<number>();
  const classes = [...present].filter((label) => label >= things && label < things + stuff).sort((a, b) => a - b);
  const regions = classes.map((label): Bitmap => {
    const { data, width, height } = semantic!;
    return { data: Uint8Array.from(data, (value) => (value === label ? 1 : 0)), width, height };
  });
  return {
    labels: Int32Array.from([...labels, ...classes]),
    bitmaps: [...objects, ...regions],
    kinds: Uint8Array.from([...objects.map(() => SEGMENT.thing), ...regions.map(() => SEGMENT.stuff)]),
    boxes: Float32Array.from([...bboxes, ...regions.flatMap(() => [0, 0, 0, 0])]),
  };
}

/** What an assigner compares predictions with. */
export const instancesOf = ({ labels, boxes }: MaskTruths, maskSamples: Float32Array): Instances => ({
  bboxes: boxes,
  labels,
  ignored: new Float32Array(0),
  maskSamples,
});

/** The nearest pixels of masks on a grid over an image of size `full`, [masks, rows, columns]; background beyond a mask. */
export function masksOnGrid(bitmaps: readonly Bitmap[], full: Size, [rows, columns]: Size): Float32Array {
  const f = Math.fround;
  const nearest = (count: number, size: number) =>
    Int32Array.from({ length: count }, (_, i) => Math.min(Math.floor(f(i * f(size / count))), size - 1));
  const [ys, xs] = [nearest(rows, full[0]), nearest(columns, full[1])];
  const out = new Float32Array(bitmaps.length * rows * columns);
  let at = 0;
  for (const { data, width, height } of bitmaps)
    for (const y of ys) for (const x of xs) out[at++] = y < height && x < width ? data[y * width + x] : 0;
  return out;
}

/** Masks at points in shares of an image of size [height, width], x and y of each flat: as many values as there are points. */
export function maskAtPoints(bitmap: Bitmap, points: Float32Array, [height, width]: Size): Float32Array {
  const f = Math.fround;
  return Float32Array.from({ length: points.length / 2 }, (_, p) =>
    sampleMask(bitmap, f(f(points[2 * p] * width) - 0.5), f(f(points[2 * p + 1] * height) - 0.5)),
  );
}
