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
import { visitResizedMaps } from '../resized-maps';
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
export type MaskFormerTestCfg = z.output<typeof maskFormerTestCfg>;

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

/** Visits the masks [k, H, W] of queries in the pixels of an image, a few at a time. */
type VisitMasks = (queries: readonly number[], visitor: (maps: tf.Tensor3D, first: number) => void) => void;

interface Owners {
  /** The number among the chosen, of every pixel. */
  owner: Int32Array;
  /** Whether a pixel is more probably inside of its owner's mask than outside. */
  certain: Uint8Array;
  /** How many pixels the mask of each has. */
  whole: Float64Array;
  width: number;
  height: number;
}

export class MaskFormerFusionHead extends Module {
  readonly numThings: number;
  readonly numStuff: number;
  /** By what it chooses. */
  readonly cfg: MaskFormerTestCfg;

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
        const visit: VisitMasks = (queries, visitor) => {
          const chosen = tf.gather(own, tf.tensor1d([...queries], 'int32'));
          visitResizedMaps(chosen, batch, n, { rescale }, visitor);
        };
        const panoptic = this.cfg.panoptic_on ? this.segments(this.likely(rows, columns), visit) : undefined;
        found = this.cfg.instance_on ? this.instances(this.best(rows, columns), visit) : thingsOf(panoptic ?? []);
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
  private segments(chosen: readonly Candidate[], visit: VisitMasks): PanopticSegment[] {
    if (chosen.length === 0) return [];
    const { owner, certain, whole, width, height } = ownersOf(chosen, visit);
    const owned = new Float64Array(chosen.length);
    for (const k of owner) owned[k]++;
    const data = this.cfg.filter_low_score ? owner.map((k, i) => (certain[i] ? k : -1)) : owner;
    const area = data.length;
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

  private instances(chosen: readonly Candidate[], visit: VisitMasks): Detections {
    if (chosen.length === 0) return noDetections();
    const queries = [...new Set(chosen.map(({ query }) => query))];
    const certainty = new Float32Array(queries.length);
    const rles: Rle[] = [];
    visit(queries, (maps, first) => {
      const [count, height, width] = maps.shape;
      const inside = tf.greater(maps, 0);
      const weight = inside.cast<tf.Tensor3D>('float32');
      const sums = tf.sum(tf.mul(tf.sigmoid(maps), weight), [1, 2]);
      certainty.set(tf.div(sums, tf.add(tf.sum(weight, [1, 2]), 1e-6)).dataSync<'float32'>(), first);
      const pixels = inside.dataSync();
      for (let k = 0; k < count; k++) rles.push(rleOfChannel(pixels, k, height, width));
    });
    const [{ height, width }] = rles;
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

/** Of every pixel the first query whose mask, times its score, is the most probable there. */
function ownersOf(chosen: readonly Candidate[], visit: VisitMasks): Owners {
  const whole = new Float64Array(chosen.length);
  let [width, height] = [0, 0];
  let owner = new Int32Array();
  let certain = new Uint8Array();
  let best = new Float32Array();
  visit(
    chosen.map(({ query }) => query),
    (maps, first) => {
      const probabilities = tf.sigmoid(maps).dataSync<'float32'>();
      const [count] = maps.shape;
      if (first === 0) {
        [, height, width] = maps.shape;
        const area = height * width;
        [owner, certain, best] = [new Int32Array(area), new Uint8Array(area), new Float32Array(area).fill(-1)];
      }
      const area = height * width;
      for (let k = 0; k < count; k++) {
        const number = first + k;
        const { score } = chosen[number];
        let inside = 0;
        for (let i = 0, at = k * area; i < area; i++, at++) {
          const p = probabilities[at];
          const isInside = p >= 0.5 ? 1 : 0;
          inside += isInside;
          const product = Math.fround(p * score);
          if (product > best[i]) {
            best[i] = product;
            owner[i] = number;
            certain[i] = isInside;
          }
        }
        whole[number] = inside;
      }
    },
  );
  return { owner, certain, whole, width, height };
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
