// Detection in overlapping tiles: small objects of large images keep their size. As sahi does it: the tiles, then the whole
// image, then what overlaps is merged.

import type { Detections, PixelImage } from '../../data';
import { concatInstances, takeInstances } from '../../data/instances';
import { DetLabError } from '../../errors';
import { shiftBoxes } from '../../geometry/boxes';
import { shiftRotated } from '../../geometry/rotated-boxes';
import { type Tile, tilesOf } from '../../geometry/tiles';
import { mergeRles, placeMasks } from '../../masks';
import { batchedNms } from '../../ops/batched-nms';
import { mergeOverlapping } from '../../ops/merge-overlapping';
import { weightedBoxesFusion } from '../../ops/weighted-boxes-fusion';
import type { ImageDetector } from './detect';
import { refuseSegments } from './lost-segments';

export interface TileOptions {
  /** Side of a tile in pixels, or [width, height]. */
  size: number | readonly [width: number, height: number];
  /** Share of a tile that the next one covers too. Default 0.2. */
  overlap?: number;
  /**
   * Default `greedy_nmm`: a box grows to the overlapping ones, so that an object that a border cuts becomes whole again. Of rotated
   * boxes `nms`, by `iou`.
   */
  merge?: 'nms' | 'greedy_nmm' | 'wbf';
  /** Overlap as IoU or as the share of the smaller box (`ios`). Default `ios`, of `wbf` always `iou`. */
  metric?: 'iou' | 'ios';
  /** Overlap from which on boxes are one object. Default 0.5. */
  threshold?: number;
  /** Detect in the whole image too, which finds what is larger than a tile. Default true. */
  whole?: boolean;
}

const MAX_TILES = 10_000;

/** @throws DetLabError for tiles that are too many or too small, for segments, and for masks with `wbf` */
export async function detectInTiles(
  detectIn: ImageDetector,
  image: PixelImage,
  source: string,
  given: number | TileOptions,
): Promise<Detections> {
  const options = typeof given === 'number' ? { size: given } : given;
  const { size, overlap = 0.2, whole = true } = options;
  const [width, height] = typeof size === 'number' ? [size, size] : size;
  const step = (side: number) => Math.max(1, side - Math.trunc(overlap * side));
  const count = Math.ceil(image.width / step(width)) * Math.ceil(image.height / step(height));
  if (count > MAX_TILES)
    throw new DetLabError(
      `Cannot predict on "${source}" in tiles: ${image.width} x ${image.height} pixels make about ${count} tiles of ` +
        `${width} x ${height}, expected at most ${MAX_TILES}. Use larger tiles, or less overlap`,
    );
  const tiles = tilesOf([image.height, image.width], [height, width], overlap);
  const found: Detections[] = [];
  for (const tile of tiles) {
    const detections = await detectIn(cropped(image, tile), source);
    if (tiles.length === 1) return detections; // the image itself
    refuseSegments(detections, `predict on "${source}" in tiles`, 'tiles');
    found.push(inImage(detections, tile, image));
  }
  if (whole) found.push(await detectIn(image, source));
  return merged(found, image, options, source);
}

function cropped({ data, width, order }: PixelImage, [x1, y1, x2, y2]: Tile): PixelImage {
  const row = 3 * (x2 - x1);
  const pixels = new Uint8Array(row * (y2 - y1));
  for (let y = y1; y < y2; y++) pixels.set(data.subarray(3 * (y * width + x1), 3 * (y * width + x2)), row * (y - y1));
  return { data: pixels, width: x2 - x1, height: y2 - y1, order };
}

/** Boxes and masks of a tile in the frame of the image. */
function inImage(detections: Detections, [x1, y1, x2, y2]: Tile, { width, height }: PixelImage): Detections {
  const { bboxes, rboxes, masks, keypoints } = detections;
  const moved = {
    ...detections,
    bboxes: shiftBoxes(bboxes, x1, y1),
    ...(rboxes && { rboxes: shiftRotated(rboxes, x1, y1) }),
    ...(keypoints && { keypoints: keypoints.map((v, i) => v + [x1, y1, 0][i % 3]) }),
  };
  if (!masks) return moved;
  const bitmaps = { kind: 'bitmap' as const, height: y2 - y1, width: x2 - x1, masks };
  const placed = placeMasks(bitmaps, { left: x1, top: y1, width, height });
  return placed.kind === 'bitmap' ? { ...moved, masks: placed.masks } : moved;
}

function merged(found: Detections[], image: PixelImage, options: TileOptions, source: string): Detections {
  const { merge = 'greedy_nmm', metric, threshold = 0.5 } = options;
  const all = concatInstances(found);
  if (all.rboxes) return joinedRotated(all, all.rboxes, options, source);
  if (all.keypoints) return joinedPoses(all, options, source);
  const { masks } = all;
  if (merge === 'wbf') {
    if (masks)
      throw new DetLabError(
        `Cannot predict on "${source}" in tiles: weighted boxes fusion averages boxes, and this model predicts masks too. ` +
          "Use merge: 'greedy_nmm', which unites the masks, or 'nms'",
      );
    // all are of one model: a fused score is the average
    return weightedBoxesFusion([all], [image.height, image.width], { iouThreshold: threshold });
  }
  const { groups, ...boxes } = mergeOverlapping(all, { type: merge, metric, threshold });
  return masks ? { ...boxes, masks: groups.map((group) => mergeRles(group.map((i) => masks[i]))) } : boxes;
}

/** @throws DetLabError for ways of merging that average or unite boxes: keypoints stay with the box that they were found with */
function joinedPoses(all: Detections, options: TileOptions, source: string): Detections {
  const { merge = 'nms', metric = 'iou', threshold = 0.5 } = options;
  if (merge !== 'nms' || metric !== 'iou')
    throw new DetLabError(
      `Cannot predict on "${source}" in tiles: detections with keypoints are joined by merge: 'nms' and metric: 'iou' alone, received ` +
        `merge: '${merge}', metric: '${metric}'. Leave them out`,
    );
  const { keep } = batchedNms(all.bboxes, all.scores, all.labels, { type: 'nms', iou_threshold: threshold });
  return takeInstances(all, keep);
}

/** @throws DetLabError for ways of merging that average or unite upright boxes */
function joinedRotated(all: Detections, rboxes: Float32Array, options: TileOptions, source: string): Detections {
  const { merge = 'nms', metric = 'iou', threshold = 0.5 } = options;
  if (merge !== 'nms' || metric !== 'iou')
    throw new DetLabError(
      `Cannot predict on "${source}" in tiles: rotated boxes are joined by merge: 'nms' and metric: 'iou' alone, received ` +
        `merge: '${merge}', metric: '${metric}'. Leave them out`,
    );
  const { keep } = batchedNms(rboxes, all.scores, all.labels, { type: 'nms_rotated', iou_threshold: threshold });
  return takeInstances(all, keep);
}
