// `model.features(image)`: feature maps of layers as heat maps over the image, level by level; `compareFeatures` puts those of
// several models side by side.

import * as tf from '@tensorflow/tfjs';
import {
  channelMax,
  channelMean,
  type FeatureStatistics,
  featureStatistics,
  mapCorrelation,
  oneChannel,
} from '../analysis/activation-maps';
import type { PackedSample } from '../data';
import { DetLabError } from '../errors';
import { resizeMap, type ValueMap } from '../geometry/sample-map';
import type { Detector } from '../models/types';
import type { Module } from '../nn/module';
import { FiguresDisplay } from '../visualization/figures-display';
import { extremes, heatImage } from '../visualization/heat-image';
import type { ImageFigure } from '../visualization/image-figure';
import type { Table } from '../visualization/table';
import { checkLayer, type LayerMap, readOutputs, runningPath } from './layer-outputs';
import { checkMethod } from './method-options';
import type { ModelParts } from './model-parts';
import { type ImageInput, pixelsOfInput, testSample } from './test-sample';

/** Which layers `model.features` shows, and what of their channels. */
export interface FeaturesOptions {
  /** Layers by path. Default: backbone and neck. */
  at?: readonly string[];
  /** What of the channels is shown: their mean, their largest absolute value, or some of them by number. Default: mean. */
  show?: 'mean' | 'max' | readonly number[];
}

/** The feature map of one level of one layer, and what is known of it. */
export interface FeatureLevel extends LayerMap {
  layer: string;
  /** Number of the output, from 0. */
  level: number;
  /** Pixels of the network's input per cell, down and across. */
  stride: [number, number];
  statistics: FeatureStatistics;
}

/** What the network got: the image, and how much of the padded input it takes up. */
interface Seen {
  sample: PackedSample;
  input: readonly [number, number];
  levels: FeatureLevel[];
}

/** The feature levels of an image, as maps. */
export class Features extends FiguresDisplay {
  constructor(
    title: string,
    figures: readonly (ImageFigure | undefined)[],
    columns: number,
    tables: readonly Table[],
    /** By layer and level. */
    readonly levels: readonly FeatureLevel[],
  ) {
    super({
      what: 'features',
      title,
      figures,
      columns,
      tables,
      data: levels.map(({ values: _, ...level }) => level),
    });
    Object.defineProperty(this, 'levels', { enumerable: false });
  }
}

/** Runs the detector on an image and reads the layers. */
function seenBy(detector: Detector, sample: PackedSample, at: readonly string[]): Seen {
  for (const path of at) checkLayer(detector, path, 'show features');
  detector.eval();
  const batch = detector.preprocess([sample]);
  const input = batch.batchShape;
  let found = new Map<string, LayerMap[]>();
  try {
    const predict = () =>
      tf.tidy(() => {
        detector.predict(batch);
      });
    const paths = at.map((path) => runningPath(detector, path, predict));
    const read = readOutputs(detector, paths, predict);
    found = new Map(at.map((path, i) => [path, read.get(paths[i]) ?? []]));
  } finally {
    batch.inputs.dispose();
  }
  const levels = at.flatMap((layer) =>
    (found.get(layer) ?? []).map(
      (map, level): FeatureLevel => ({
        ...map,
        layer,
        level,
        stride: [input[0] / map.height, input[1] / map.width],
        statistics: featureStatistics(map.values, map.channels),
      }),
    ),
  );
  return { sample, input, levels };
}

function mapsOf(level: FeatureLevel, show: FeaturesOptions['show'] = 'mean'): { map: ValueMap; text: string }[] {
  const { values, channels, height, width, layer } = level;
  const map = (of: Float32Array, text: string) => ({ map: { values: of, height, width }, text });
  if (show === 'mean') return [map(channelMean(values, channels), 'mean')];
  if (show === 'max') return [map(channelMax(values, channels), 'max')];
  return show.map((channel) => {
    if (channel >= channels)
      throw new DetLabError(
        `Cannot show channel ${channel} of "${layer}": expected 0 to ${channels - 1}, as level ${level.level} has ${channels} channels`,
      );
    return map(oneChannel(values, channels, channel), `channel ${channel}`);
  });
}

async function figuresOf(
  { sample, input }: Seen,
  level: FeatureLevel,
  show: FeaturesOptions['show'],
  range?: readonly [number, number],
): Promise<ImageFigure[]> {
  const { height, width } = sample.image;
  const covered = [height / input[0], width / input[1]] as const;
  return Promise.all(
    mapsOf(level, show).map(async ({ map, text }) => {
      const [low, high] = range ?? extremes(map.values);
      return {
        image: await heatImage(sample.image, map, { covered, range }),
        caption: `${levelText(level)}, ${text} ${low.toPrecision(2)} to ${high.toPrecision(2)}`,
      };
    }),
  );
}

const strideText = ({ stride: [down] }: FeatureLevel) => String(Number(down.toPrecision(3)));
const levelText = (level: FeatureLevel) => `${level.layer} ${level.level}: stride ${strideText(level)}`;

const STATISTICS = ['mean', 'std', 'abs max', 'silent channels'];
const statisticsOf = ({ channels, statistics }: FeatureLevel): string[] => [
  statistics.mean.toPrecision(3),
  statistics.deviation.toPrecision(3),
  statistics.absMax.toPrecision(3),
  `${statistics.silent} of ${channels}`,
];

function table(levels: readonly FeatureLevel[]): Table {
  return {
    columns: [
      { title: 'layer' },
      ...['level', 'stride', 'height × width × channels', ...STATISTICS].map((title) => ({
        title,
        align: 'right' as const,
      })),
    ],
    rows: levels.map((level) => [
      level.layer,
      String(level.level),
      strideText(level),
      `${level.height} × ${level.width} × ${level.channels}`,
      ...statisticsOf(level),
    ]),
  };
}

/** A row of figures for each list, filled up to the longest. */
function inRows(rows: readonly (readonly ImageFigure[])[]): { figures: (ImageFigure | undefined)[]; columns: number } {
  const columns = Math.max(1, ...rows.map((row) => row.length));
  return { columns, figures: rows.flatMap((row) => Array.from({ length: columns }, (_, i) => row[i])) };
}

/** The paths of the backbone and the neck, wherever the detector is that predicts. */
function bodyOf(detector: Detector): string[] {
  const body: (Module | undefined)[] = [detector.backbone, detector.neck];
  return [...detector.modules()].filter(([, module]) => body.includes(module)).map(([path]) => path);
}

/** Feature maps of layers, a row of figures for each layer (and each channel asked for). */
export async function featuresOf(
  model: ModelParts,
  image: ImageInput,
  { at = bodyOf(model.detector), show = 'mean' }: FeaturesOptions = {},
): Promise<Features> {
  const sample = await testSample(await pixelsOfInput(image), model.config, sourceOf(image));
  const seen = seenBy(model.detector, sample, at);
  const rows: ImageFigure[][] = [];
  for (const layer of at) {
    const levels = seen.levels.filter((level) => level.layer === layer);
    const figures = await Promise.all(levels.map((level) => figuresOf(seen, level, show)));
    // a row for each channel
    for (const k of figures[0].keys()) rows.push(figures.map((ofLevel) => ofLevel[k]));
  }
  const { figures, columns } = inRows(rows);
  return new Features(
    `${model.name}: features of ${sourceOf(image)}`,
    figures,
    columns,
    [table(seen.levels)],
    seen.levels,
  );
}

const sourceOf = (image: ImageInput): string =>
  typeof image === 'string' ? (image.replaceAll('\\', '/').split('/').at(-1) ?? image) : 'image';

/**
 * The necks of several models on one image, level by level in the same colours, with the correlation of each map with that of
 * the first model.
 *
 * @param options `at`: the layer of all of them, default neck; `show`: the mean or the largest of the channels
 * @example await compareFeatures({ FPN: a, PAFPN: b }, 'street.jpg')
 * @throws DetLabError for fewer than two models, or a layer that one of them has not
 */
export async function compareFeatures(
  models: Readonly<Record<string, ModelParts>>,
  image: ImageInput,
  options: { at?: string; show?: 'mean' | 'max' } = {},
): Promise<Features> {
  checkMethod('compareFeatures', options);
  const { at = 'neck', show = 'mean' } = options;
  const entries = Object.entries(models);
  if (entries.length < 2)
    throw new DetLabError(
      `Cannot compare features: expected two models or more by name, { FPN: a, PAFPN: b }, received ${entries.length}`,
    );
  const pixels = await pixelsOfInput(image);
  const seen: Seen[] = [];
  for (const [, { config, detector }] of entries)
    seen.push(seenBy(detector, await testSample(pixels, config, sourceOf(image)), [at]));
  const maps = seen.map(({ levels }) => levels.map((level) => mapsOf(level, show)[0].map));
  const count = Math.max(...maps.map((ofModel) => ofModel.length));
  const ranges = Array.from({ length: count }, (_, l): [number, number] => {
    const ends = maps.flatMap((ofModel) => (ofModel[l] ? [extremes(ofModel[l].values)] : []));
    return [Math.min(...ends.map(([low]) => low)), Math.max(...ends.map(([, high]) => high))];
  });
  const rows = await Promise.all(
    entries.map(async ([name], m) => {
      const figures = await Promise.all(seen[m].levels.map((level, l) => figuresOf(seen[m], level, show, ranges[l])));
      return figures.flat().map((figure) => ({ ...figure, caption: `${name}, ${figure.caption}` }));
    }),
  );
  const { figures, columns } = inRows(rows);
  const named = entries.flatMap(([name], m) =>
    seen[m].levels.map((level, l) => ({ name, level, correlation: correlationText(m, maps[0][l], maps[m][l]) })),
  );
  const all = table(named.map(({ level }) => level));
  const rowsByLevel = [...named.keys()].sort((a, b) => named[a].level.level - named[b].level.level || a - b);
  const compared: Table = {
    columns: [
      { title: 'model' },
      ...all.columns.slice(1),
      { title: `correlation with ${entries[0][0]}`, align: 'right' },
    ],
    rows: rowsByLevel.map((i) => [named[i].name, ...all.rows[i].slice(1), named[i].correlation]),
  };
  const title = `${entries.map(([name]) => name).join(', ')}: ${at} on ${sourceOf(image)}`;
  return new Features(
    title,
    figures,
    columns,
    [compared],
    named.map(({ level }) => level),
  );
}

function correlationText(model: number, first: ValueMap | undefined, other: ValueMap): string {
  if (model === 0 || !first) return '';
  return mapCorrelation(resizeMap(first, other.height, other.width).values, other.values).toFixed(3);
}
