// `model.attention(image, { detection })`: what the query of a detection reads of the image in the decoder's cross-attention: a
// map of weights (DETR, Conditional DETR, DAB-DETR), or sampling points with weights (Deformable DETR, DINO).

import * as tf from '@tensorflow/tfjs';
import { DetLabError } from '../errors';
import type { ValueMap } from '../geometry/sample-map';
import type { DetBatch, Detector } from '../models/types';
import { ConditionalAttention } from '../nn/conditional-attention';
import type { Module } from '../nn/module';
import { MultiScaleDeformableAttention } from '../nn/multi-scale-deformable-attention';
import { MultiheadAttention } from '../nn/multihead-attention';
import { bytesOf } from '../visualization/hatched-padding';
import { heatImage } from '../visualization/heat-image';
import { LiveFigures } from '../visualization/live-figures';
import type { LiveImages, LivePoint } from '../visualization/live-images';
import { besideDetection } from './cam';
import { objectAt } from './config-access';
import { layersOf, withArguments } from './layer-outputs';
import { type LocatedDetection, locateDetection } from './locate-detection';
import type { ModelParts } from './model-parts';
import { type ImageInput, pixelsOfInput, testSample } from './test-sample';

/** Which detection and which decoder layer `model.attention` shows. */
export interface AttentionOptions {
  /** Number of the detection from 0, in the order of `model.predict`. Default 0: the best. */
  detection?: number;
  /** Decoder layer, from 0. Default: the last. */
  layer?: number;
}

/** A place that a query samples, with its share of what the query reads; the shares of a query sum up to 1. */
export interface SamplingPoint {
  head: number;
  level: number;
  /** In pixels of the network's input. */
  x: number;
  y: number;
  weight: number;
}

/** Weights of all places, mean over the heads, or of the points that are sampled. */
export type QueryAttention = { map: ValueMap } | { points: SamplingPoint[]; levels: number };

/** Where the query of a detection looks, over the image. */
export class Attention extends LiveFigures {
  constructor(
    title: string,
    images: LiveImages,
    readonly detection: LocatedDetection,
    readonly attention: QueryAttention,
    classes: readonly string[],
    input: readonly [number, number],
  ) {
    const { bbox, index, label, score } = detection;
    const inBox = insideBox(attention, bbox, input);
    super({
      what: 'attention',
      title,
      images,
      tables: [
        {
          columns: [
            { title: 'query', align: 'right' },
            { title: 'detection' },
            { title: 'score', align: 'right' },
            { title: 'weight inside its box', align: 'right' },
          ],
          rows: [[String(index), classes[label] ?? String(label), score.toFixed(3), `${(100 * inBox).toFixed(0)}%`]],
        },
      ],
      data: {
        query: index,
        class: classes[label],
        score,
        bbox,
        ...('map' in attention ? { map: { ...attention.map, values: [...attention.map.values] } } : attention),
      },
    });
    for (const key of ['detection', 'attention']) Object.defineProperty(this, key, { enumerable: false });
  }
}

/** Share of the weight that is inside a box; `input`: size of the network's input. */
function insideBox(
  attention: QueryAttention,
  [x1, y1, x2, y2]: readonly number[],
  [h, w]: readonly [number, number],
): number {
  const within = (x: number, y: number) => x >= x1 && x <= x2 && y >= y1 && y <= y2;
  if ('points' in attention)
    return attention.points.reduce((sum, { x, y, weight }) => sum + (within(x, y) ? weight : 0), 0);
  const { values, height, width } = attention.map;
  return values.reduce((sum, v, i) => {
    const [x, y] = [(((i % width) + 0.5) / width) * w, ((Math.floor(i / width) + 0.5) / height) * h];
    return sum + (within(x, y) ? v : 0);
  }, 0);
}

type CrossAttention = MultiheadAttention | ConditionalAttention | MultiScaleDeformableAttention;

const isCrossAttention = (module: Module): module is CrossAttention =>
  module instanceof MultiheadAttention ||
  module instanceof ConditionalAttention ||
  module instanceof MultiScaleDeformableAttention;

/**
 * The cross-attention of a decoder layer.
 * @throws DetLabError for a detector without, or a layer that it has not
 */
function crossAttention(
  detector: Detector,
  layer: number | undefined,
  type = detector.constructor.name,
): { path: string; module: CrossAttention } {
  const found = [...layersOf(detector)].flatMap(([path, module]) =>
    /^decoder\.layers\.\d+\.cross_attn$/.test(path) && isCrossAttention(module) ? [{ path, module }] : [],
  );
  if (found.length === 0)
    throw new DetLabError(
      `Cannot show the attention of ${type}: it has no decoder whose queries attend to the image. Detectors ` +
        'that do are DETR, ConditionalDETR, DABDETR, DeformableDETR and DINO; model.cam(image) works with every detector',
    );
  const chosen = layer ?? found.length - 1;
  if (Number.isInteger(chosen) && chosen >= 0 && chosen < found.length) return found[chosen];
  throw new DetLabError(
    `Cannot show the attention of layer ${layer}: expected 0 to ${found.length - 1}, as the decoder has ${found.length} layers`,
  );
}

/** What the query reads in a cross-attention while the detector predicts. */
export function queryAttention(detector: Detector, batch: DetBatch, query: number, layer?: number): QueryAttention {
  const { module, path } = crossAttention(detector, layer);
  let attention: QueryAttention | undefined;
  const size: (readonly [number, number])[] = [];
  tf.tidy(() => {
    const read = (given: unknown[]) => {
      attention =
        module instanceof MultiScaleDeformableAttention
          ? sampledPoints(module, given as Parameters<typeof module.samples>, query, batch)
          : weightMap(module, given, query, size);
    };
    const levels = (outputs: tf.Tensor[]) => {
      for (const { shape } of outputs) if (shape.length === 4) size.push([Number(shape[1]), Number(shape[2])]);
    };
    withArguments(
      detector,
      new Map([[path, read]]),
      new Map([
        ['neck', levels],
        ['backbone', levels],
      ]),
      () => detector.predict(batch),
    );
  });
  if (attention) return attention;
  throw new DetLabError(`Cannot show the attention at "${path}": this layer is not run in prediction`);
}

function weightMap(
  module: MultiheadAttention | ConditionalAttention,
  given: unknown[],
  query: number,
  sizes: readonly (readonly [number, number])[],
): QueryAttention {
  const [first, inputs] = given as Parameters<ConditionalAttention['weights']>;
  const weights = module.weights(first, inputs); // [1, heads, Q, H W]
  const mean = tf
    .mean(tf.slice(weights, [0, 0, query, 0], [1, -1, 1, -1]), [0, 1, 2])
    .dataSync<'float32'>()
    .slice();
  const [height, width] = sizes.findLast(([h, w]) => h * w === mean.length) ?? [1, mean.length];
  return { map: { values: mean, height, width } };
}

function sampledPoints(
  module: MultiScaleDeformableAttention,
  given: Parameters<MultiScaleDeformableAttention['samples']>,
  query: number,
  { batchShape: [height, width] }: DetBatch,
): QueryAttention {
  const { locations, weights } = module.samples(...given);
  const { heads, levels, points } = module.sampling;
  const at = tf.slice(locations, [0, query, 0, 0], [1, 1, -1, 2]).dataSync();
  const weight = tf.slice(weights, [0, query, 0], [1, 1, -1]).dataSync();
  return {
    levels,
    points: Array.from(weight, (w, i) => ({
      head: Math.floor(i / (levels * points)),
      level: Math.floor(i / points) % levels,
      x: at[2 * i] * width,
      y: at[2 * i + 1] * height,
      weight: w / heads,
    })),
  };
}

/** The attention of one detection's query over the image. */
export async function attentionOf(
  model: ModelParts,
  image: ImageInput,
  { detection: number = 0, layer }: AttentionOptions = {},
): Promise<Attention> {
  const { classes, config, detector, name } = model;
  const { path } = crossAttention(detector, layer, String(objectAt(config, 'model').type));
  const sample = await testSample(await pixelsOfInput(image), config, 'image');
  detector.eval();
  const batch = detector.preprocess([sample]);
  try {
    const located = locateDetection(detector, batch, number, 'show the attention');
    const attention = queryAttention(detector, batch, located.index, layer);
    const { height, width } = sample.image;
    const said = `${classes[located.label]} ${located.score.toFixed(2)}`;
    const title = `${name}: what the query of ${said} reads, ${path}`;
    const beside = async () => {
      if ('points' in attention) {
        const kinds = Array.from({ length: attention.levels }, (_, l) => `level ${l}`);
        const points = pointsOf(attention.points, Math.max(width, height), classes.length);
        return { pixels: bytesOf(sample.image), caption: 'sampling points, as large as their weight', points, kinds };
      }
      const covered = [height / batch.batchShape[0], width / batch.batchShape[1]] as const;
      const heat = await heatImage(sample.image, attention.map, { covered, opacity: [0.35, 0.8], longest: 640 });
      return { pixels: heat, caption: 'attention, mean over the heads' };
    };
    const images = besideDetection(model, located, number, bytesOf(sample.image), await beside());
    return new Attention(title, images, located, attention, classes, batch.batchShape);
  } finally {
    batch.inputs.dispose();
  }
}

/** Circles whose areas are the weights, the largest last. */
function pointsOf(points: readonly SamplingPoint[], longest: number, firstLabel: number): LivePoint[] {
  const most = Math.max(...points.map(({ weight }) => weight), 1e-9);
  return [...points]
    .sort((a, b) => a.weight - b.weight)
    .map(({ x, y, weight, level, head }) => ({
      x,
      y,
      radius: (longest / 360) * (0.6 + 5 * Math.sqrt(weight / most)),
      label: firstLabel + level,
      opacity: 0.75,
      text: `level ${level}, head ${head}, weight ${(100 * weight).toFixed(1)}%`,
    }));
}
