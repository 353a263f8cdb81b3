// Where a map of the network's input is in the image: what was padded is cropped, what was resized is resized back.

import type { Detections, ImageMeta } from '../../data/types';
import { type AxisMap, bilinearAxis, composeAxes, cropAxis, type Resampling, type Rle } from '../../masks';
import { toFrame } from '../dense-heads/decode-detections';

type Axis = 'x' | 'y';

/** Of one side: the part of the network's input that shows the image, and the length of the result. */
function extent(axis: Axis, { imgShape, oriShape, padParam }: ImageMeta, rescale: boolean) {
  const [top, bottom, left, right] = (rescale && padParam) || [0, 0, 0, 0];
  const [side, first, last] = axis === 'x' ? [1, left, right] : [0, top, bottom];
  const from = Math.trunc(first); // paddings may end in the middle of a pixel
  const length = imgShape[side] - from - Math.trunc(last);
  return { from, length, result: rescale ? oriShape[side] : imgShape[side] };
}

/**
 * From maps with a value for each pixel of the padded input to those of the image, by one more bilinear step. Where the input was
 * not padded to the strides, a few pixels may be missing at its ends: the map then stands for all of it, as in the reference.
 * @param rescale to the original image; else to the network's input, without what pads batches
 */
export function imageFrame({ rows, columns }: Resampling, meta: ImageMeta, rescale: boolean): Resampling {
  const mapped = (map: AxisMap, axis: Axis) => {
    const { from, length, result } = extent(axis, meta, rescale);
    const known = Math.min(length, map.start.length - from);
    const cropped = cropAxis(map, from, known);
    return result === known ? cropped : composeAxes(cropped, bilinearAxis(known, result));
  };
  return { rows: mapped(rows, 'y'), columns: mapped(columns, 'x') };
}

/** From a map of `cells` over a padded side straight to the image, by one bilinear step. */
export function inputAxis(axis: Axis, cells: number, side: number, meta: ImageMeta, rescale: boolean): AxisMap {
  const { from, length, result } = extent(axis, meta, rescale);
  const scale = cells / side;
  return bilinearAxis(cells, result, (length * scale) / result, from * scale);
}

/** Detections in pixels of the network's input, with masks; boxes as `rescale` says. */
export const maskedDetections = (found: Detections, masks: Rle[], meta: ImageMeta, rescale: boolean): Detections => ({
  ...found,
  bboxes: toFrame(found.bboxes, meta, rescale),
  masks,
});
