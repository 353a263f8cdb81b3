// MaskFormerFusionHead: segments and instances from the classes and masks of queries (Cheng et al., MaskFormer, NeurIPS 2021). Without
// instance_on the detections are the things among the segments, where MMDetection gives none.

import * as tf from '@tensorflow/tfjs';
import { z } from 'zod';
import { type BuildContext, defineModule } from '../../../catalogue/registry';
import type { Detections } from '../../../data/types';
import type { PanopticSegment } from '../../../masks';
import { boxesOfMasks, type Rle, rlesOfMap } from '../../../masks';
import { Module } from '../../../nn';
import { topIndices } from '../../../ops';
import {
  inferPanopticClasses,
  type PanopticClasses,
  panopticClassesOptions,
  panopticInferred,
} from '../../inferred-options/infer-panoptic-classes';
import type { DetBatch } from '../../types';
import type { MaskPredictions } from '../mask-query-head';
import { resizedMaps } from '../resized-maps';
import { rleOfChannel } from './rle-of-channel';

export const maskFormerTestCfg = z.strictObject({
  panoptic_on: z.boolean().default(true).describe('Give segments'),
  semantic_on: z
    .literal(false, {
      error: 'semantic maps are not predicted: set panoptic_on, whose segments have the classes of stuff',
    })
    .default(false)
    .describe('Only false'),
  instance_on: z.boolean().default(false).describe('Give instances with scores; else the things among the segments'),
  max_per_image: z.int().positive().default(100).describe('Maximum number of instances per image'),
  object_mask_thr: z.number().default(0.8).describe('Segments are of queries whose class has a higher probability'),
  iou_thr: z.number().default(0.8).describe('Smallest share of its mask that a segment keeps beside the others'),
  filter_low_score: z.boolean().default(false).describe('Pixels whose own mask is below one half belong to none'),
});
type TestCfg = z.output<typeof maskFormerTestCfg>;

const options = z.strictObject({
  ...panopticClassesOptions,
  test_cfg: maskFormerTestCfg.nullish().describe('Post-processing, passed down by the detector'),
  loss_panoptic: z.null().optional().describe('Only null: there is no loss of segments'),
  init_cfg: z.null().optional().describe('Only null: there are no weights'),
});
type Config = z.output<typeof options> & PanopticClasses;

/** A query, its class and the probability of it. */
interface Candidate {
  query: number;
  label: number;
  score: number;
}

export class MaskFormerFusionHead extends Module {
  readonly numThings: number;
  readonly numStuff: number;
  private readonly cfg: TestCfg;

  constructor({ num_things_classes: things, num_stuff_classes: stuff, test_cfg }: Config) {
    super();
    this.numThings = things;
    this.numStuff = stuff;
    this.cfg = test_cfg ?? maskFormerTestCfg.parse({});
  }

  /** Of each image; in pixels of the original image with `rescale`. */
  predict({ scores, masks }: MaskPredictions, batch: DetBatch, { rescale }: { rescale: boolean }): Detections[] {
    const [images, queries, columns] = scores.shape;
    const probabilities = tf.softmax(scores.cast<tf.Tensor3D>('float32')).dataSync<'float32'>();
    const size = queries * columns;
    return batch.samples.map((_, n) => {
      const rows = images === 1 ? probabilities : probabilities.subarray(n * size, (n + 1) * size);
      let found = noDetections();
      tf.tidy(() => {
        const own = tf.slice(masks, [n, 0, 0, 0], [1, -1, -1, -1]).squeeze<tf.Tensor3D>([0]);
        const enlarge = (chosen: readonly Candidate[]) =>
          enlarged(own, chosen, (maps) => resizedMaps(maps, batch, n, { rescale }));
        const panoptic = this.cfg.panoptic_on ? this.segments(this.likely(rows, columns), enlarge) : undefined;
        found = this.cfg.instance_on ? this.instances(this.best(rows, columns), enlarge) : thingsOf(panoptic ?? []);
        if (panoptic) found.panoptic = panoptic;
      });
      return found;
    });
  }

  /** The queries whose class is likely. */
  private likely(rows: Float32Array, columns: number): Candidate[] {
    const threshold = Math.fround(this.cfg.object_mask_thr);
    return Array.from({ length: rows.length / columns }, (_, query) => {
      const own = rows.subarray(query * columns, (query + 1) * columns);
      const label = own.reduce((best, v, c) => (v > own[best] ? c : best), 0);
      return { query, label, score: own[label] };
    }).filter(({ label, score }) => label < columns - 1 && score > threshold);
  }

  /** Each pixel is of the query with the highest product of both probabilities. */
  private segments(
    chosen: readonly Candidate[],
    enlarge: (chosen: readonly Candidate[]) => tf.Tensor3D,
  ): PanopticSegment[] {
    if (chosen.length === 0) return [];
    const probabilities = tf.sigmoid(enlarge(chosen)); // [k, H, W]
    const [count, height, width] = probabilities.shape;
    const factors = tf.tensor3d(
      Float32Array.from(chosen, ({ score }) => score),
      [count, 1, 1],
    );
    const owner = tf.argMax(tf.mul(probabilities, factors), 0).dataSync<'int32'>();
    const certain = tf.greaterEqual(probabilities, 0.5).dataSync();
    const area = height * width;
    const [owned, whole] = [new Float64Array(count), new Float64Array(count)];
    const data = new Int32Array(area).fill(-1);
    for (let i = 0; i < area; i++) {
      owned[owner[i]]++;
      if (!this.cfg.filter_low_score || certain[owner[i] * area + i]) data[i] = owner[i];
    }
    for (let k = 0; k < count; k++) for (let i = k * area; i < (k + 1) * area; i++) whole[k] += certain[i];
    const kept = chosen.map((_, k) => owned[k] > 0 && whole[k] > 0 && owned[k] / whole[k] >= this.cfg.iou_thr);
    // the regions of a class of stuff are one segment
    const first = chosen.map(({ label }, k) =>
      label < this.numThings ? k : chosen.findIndex((other, i) => kept[i] && other.label === label),
    );
    for (let i = 0; i < area; i++) data[i] = data[i] >= 0 && kept[data[i]] ? first[data[i]] : -1;
    return [...rlesOfMap({ data, width, height })]
      .filter(([k]) => k >= 0)
      .sort(([a], [b]) => a - b)
      .map(([k, mask]) => {
        const { label, score } = chosen[k];
        return { label, isThing: label < this.numThings, score, mask };
      });
  }

  /** The best pairs of a query and a class of things. */
  private best(rows: Float32Array, columns: number): Candidate[] {
    const classes = columns - 1;
    const scores = Float32Array.from({ length: (rows.length / columns) * classes }, (_, i) => {
      const query = Math.floor(i / classes);
      return rows[query * columns + i - query * classes];
    });
    const top = topIndices(scores, Math.min(this.cfg.max_per_image, scores.length));
    return Array.from(top, (i) => ({ query: Math.floor(i / classes), label: i % classes, score: scores[i] })).filter(
      ({ label }) => label < this.numThings,
    );
  }

  private instances(chosen: readonly Candidate[], enlarge: (chosen: readonly Candidate[]) => tf.Tensor3D): Detections {
    if (chosen.length === 0) return noDetections();
    const queries = [...new Set(chosen.map(({ query }) => query))];
    const maps = enlarge(queries.map((query) => ({ query, label: 0, score: 0 })));
    const [, height, width] = maps.shape;
    const inside = tf.greater(maps, 0);
    const weight = inside.cast<tf.Tensor3D>('float32');
    const sums = tf.sum(tf.mul(tf.sigmoid(maps), weight), [1, 2]);
    const certainty = tf.div(sums, tf.add(tf.sum(weight, [1, 2]), 1e-6)).dataSync<'float32'>();
    const pixels = inside.dataSync();
    const rles = queries.map((_, k) => rleOfChannel(pixels, k, height, width));
    const place = new Map(queries.map((query, k) => [query, k]));
    const found = chosen
      .map(({ query, label, score }) => {
        const k = place.get(query)!;
        return { label, score: Math.fround(score * certainty[k]), mask: rles[k] };
      })
      .sort((a, b) => b.score - a.score);
    return detectionsOf(found, height, width);
  }
}

/** The masks [k, H, W] of queries in the pixels of an image. */
function enlarged(
  masks: tf.Tensor3D,
  chosen: readonly Candidate[],
  resize: (maps: tf.Tensor4D) => tf.Tensor4D,
): tf.Tensor3D {
  const indices = tf.tensor1d(
    chosen.map(({ query }) => query),
    'int32',
  );
  return resize(tf.gather(masks, indices).expandDims<tf.Tensor4D>(3)).squeeze([3]);
}

function thingsOf(segments: readonly PanopticSegment[]): Detections {
  const things = segments.filter(({ isThing }) => isThing).sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  if (things.length === 0) return noDetections();
  const [{ mask }] = things;
  return detectionsOf(
    things.map(({ label, score = 0, mask: own }) => ({ label, score, mask: own })),
    mask.height,
    mask.width,
  );
}

function detectionsOf(found: { label: number; score: number; mask: Rle }[], height: number, width: number): Detections {
  const masks = found.map(({ mask }) => mask);
  return {
    bboxes: boxesOfMasks({ kind: 'bitmap', height, width, masks }),
    scores: Float32Array.from(found, ({ score }) => score),
    labels: Int32Array.from(found, ({ label }) => label),
    masks,
  };
}

const noDetections = (): Detections => ({
  bboxes: new Float32Array(0),
  scores: new Float32Array(0),
  labels: new Int32Array(0),
  masks: [],
});

export const maskFormerFusionHeadDefinition = defineModule({
  kind: 'panoptic_fusion_head',
  type: 'MaskFormerFusionHead',
  summary: 'Makes segments and instances of the classes and masks of queries',
  paper: 'Cheng et al., Per-Pixel Classification is Not All You Need for Semantic Segmentation, NeurIPS 2021',
  shapes: 'logits [N, Q, classes + 1] and masks [N, Q, h, w] -> segments and detections with masks',
  example: "{ type: 'MaskFormerFusionHead', num_things_classes: 80, num_stuff_classes: 53 }",
  options,
  inferred: panopticInferred,
  infer: (given, context: BuildContext) => inferPanopticClasses('MaskFormerFusionHead', given, context),
  build: (given) => new MaskFormerFusionHead(given as Config),
});
