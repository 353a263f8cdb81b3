// From the class scores of all cells of one image to its detections: threshold, masks of those cells alone, scores times how sure
// their masks are, matrix NMS, masks in the image. Boxes are those around the masks.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import type { Detections } from '../../data/types';
import { boxesOfMasks, type Resampling, type Rle, resampleMask } from '../../masks';
import { matrixNms } from '../../ops';

/** `test_cfg` of SOLO and SOLOv2. */
export const gridTestCfg = z.strictObject({
  score_thr: z.number().default(0.1).describe('Score threshold'),
  mask_thr: z.number().default(0.5).describe('Probability above which a pixel is in a mask'),
  nms_pre: z.number().int().default(500).describe('Masks that enter the matrix NMS, at most; negative: all'),
  kernel: z.enum(['gaussian', 'linear']).default('gaussian').describe('How scores decay with the overlap'),
  sigma: z.number().default(2).describe('Strength of the Gaussian decay'),
  filter_thr: z.number().default(0.05).describe('Score threshold after the matrix NMS; negative: none'),
  max_per_img: z.number().int().default(100).describe('Maximum number of detections per image; negative: all'),
});
export type GridTestCfg = z.output<typeof gridTestCfg>;

/** One image. */
export interface GridCandidates {
  /** Of each cell over all levels [cells, classes]. */
  scores: Float32Array;
  numClasses: number;
  /** Masks of at most so many pixels of the map are dropped, by cell. */
  minAreas: Float32Array;
  /** Probabilities [k, h, w] of the masks of some cells. */
  masks(cells: Int32Array): tf.Tensor3D;
  /** From these maps to the image. */
  frame(size: [number, number]): Resampling;
}

/** Masks computed at a time while candidates are judged. */
const CHUNK = 256;

interface Judged {
  cells: Int32Array;
  labels: Int32Array;
  scores: Float32Array;
  areas: Float32Array;
}

const floatsAt = (values: Float32Array, rows: Int32Array) => Float32Array.from(rows, (row) => values[row]);
const pick = ({ cells, labels, scores, areas }: Judged, rows: Int32Array): Judged => ({
  cells: rows.map((row) => cells[row]),
  labels: rows.map((row) => labels[row]),
  scores: floatsAt(scores, rows),
  areas: floatsAt(areas, rows),
});

/** (cell, class) pairs above the threshold whose masks are large enough; scores times the mean probability in the mask. */
function judge({ scores, numClasses, minAreas, masks }: GridCandidates, { score_thr, mask_thr }: GridTestCfg): Judged {
  const min = Math.fround(score_thr);
  const pairs: number[] = [];
  for (let at = 0; at < scores.length; at++) if (scores[at] > min) pairs.push(at);
  const cells = Int32Array.from(pairs, (at) => Math.floor(at / numClasses));
  const areas = new Float32Array(pairs.length);
  const sums = new Float32Array(pairs.length);
  for (let start = 0; start < pairs.length; start += CHUNK)
    tf.tidy(() => {
      const found = masks(cells.subarray(start, start + CHUNK));
      const inside = tf.greater(found, mask_thr).cast('float32');
      areas.set(tf.sum(inside, [1, 2]).dataSync<'float32'>(), start);
      sums.set(tf.sum(tf.mul(found, inside), [1, 2]).dataSync<'float32'>(), start);
    });
  const kept = Int32Array.from(pairs.keys()).filter((k) => areas[k] > minAreas[cells[k]]);
  return {
    cells: kept.map((k) => cells[k]),
    labels: kept.map((k) => pairs[k] % numClasses),
    scores: Float32Array.from(kept, (k) => scores[pairs[k]] * Math.fround(sums[k] / areas[k])),
    areas: floatsAt(areas, kept),
  };
}

const descending = (scores: Float32Array, limit: number): Int32Array => {
  const order = Int32Array.from(scores.keys()).sort((i, j) => scores[j] - scores[i] || i - j);
  return limit > 0 ? order.subarray(0, limit) : order;
};

/** Best first, decayed, the best `max_per_img`. */
function suppress(sorted: Judged, { masks }: GridCandidates, cfg: GridTestCfg): Judged {
  const decayed = tf.tidy(() => {
    const found = tf.greater(masks(sorted.cells), cfg.mask_thr).cast('float32');
    return matrixNms({ ...sorted, masks: found.reshape([sorted.cells.length, -1]) }, cfg);
  });
  const kept = descending(decayed, -1).filter((k) => cfg.filter_thr <= 0 || decayed[k] >= Math.fround(cfg.filter_thr));
  return pick({ ...sorted, scores: decayed }, cfg.max_per_img > 0 ? kept.subarray(0, cfg.max_per_img) : kept);
}

/** Detections, and the cell of each. */
export function gridDetections(
  candidates: GridCandidates,
  cfg: GridTestCfg,
): { detections: Detections; cells: Int32Array } {
  const judged = judge(candidates, cfg);
  if (judged.cells.length === 0) return nothing();
  const { cells, labels, scores } = suppress(pick(judged, descending(judged.scores, cfg.nms_pre)), candidates, cfg);
  if (cells.length === 0) return nothing();
  const { values, size } = tf.tidy(() => {
    const found = candidates.masks(cells);
    return { values: found.dataSync<'float32'>(), size: [found.shape[1], found.shape[2]] as [number, number] };
  });
  const frame = candidates.frame(size);
  const area = size[0] * size[1];
  const masks: Rle[] = Array.from(cells, (_, k) =>
    resampleMask(values.subarray(k * area, (k + 1) * area), size, frame, cfg.mask_thr),
  );
  return { detections: { bboxes: boxesAround(masks), scores, labels, masks }, cells };
}

const nothing = () => ({
  detections: { bboxes: new Float32Array(), scores: new Float32Array(), labels: new Int32Array(), masks: [] },
  cells: new Int32Array(),
});

/** Zeros of a mask without pixels. */
const boxesAround = (masks: Rle[]): Float32Array => boxesOfMasks({ kind: 'bitmap', height: 0, width: 0, masks });
