// Evaluates a detector on a dataset with the pipeline, loader settings and metric of a config.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import {
  BadData,
  buildPipeline,
  type DataProblem,
  type Dataset,
  type Detections,
  decodeImage,
  evaluationLoader,
  type Shard,
  withBatchShapes,
} from '../data';
import { interruptible } from '../engine/interruption';
import { compactDetections, type EvaluationResults, evaluatesMasks, metricList } from '../evaluation';
import type { Detector } from '../models/types';
import { catalogue } from './catalogue';
import { checkEvaluated } from './check-data';
import { numberAt, objectAt, valueAt } from './config-access';
import { evaluationPipeline } from './evaluation-pipeline';
import { loaderWorkers } from './loader-workers';
import { detect, type ImageDetector } from './prediction/detect';
import { type InferenceOptions, imageDetector, refuseBatch } from './prediction/image-detector';
import { Report } from './report';

/** How a detector is evaluated: batch, precision, views, tiles, progress. */
export interface EvaluateOptions extends InferenceOptions {
  /** Batch size; the config's by default. Not with views and tiles. */
  batch?: number;
  /** Whose transforms, metric and batch size of the config: `val_` (default) or `test_`. */
  part?: 'val' | 'test';
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** The part of the images that one of several processes detects on. */
interface ShardOptions {
  shard?: Shard;
}

/** A metric of an evaluator. The ground truth is that of the data, not of the annotation file that the config names. */
function metricConfig(config: ConfigObject, path: string): ModuleConfig {
  const { ann_file: _, type = 'CocoMetric', ...options } = objectAt(config, path);
  return { type: String(type).replace(/^mmdet\./, ''), ...options };
}

/** The metrics of an evaluator with their paths. */
function metricsOf(config: ConfigObject, evaluator: string): { path: string; config: ModuleConfig }[] {
  const given = config[evaluator];
  const paths = Array.isArray(given) && given.length > 0 ? given.map((_, i) => `${evaluator}.${i}`) : [evaluator];
  const metrics = paths.map((path) => ({ path, config: metricConfig(config, path) }));
  // a run has said which of the others is not there
  return metrics.filter(({ config: { type } }, i) => i === 0 || catalogue.find('metric', type) !== undefined);
}

/** What an evaluation reads of a config: that of a part, or of the other where it has none. */
function evaluationSettings(config: ConfigObject, part: 'val' | 'test') {
  const parts = part === 'test' ? ['test', 'val'] : ['val', 'test'];
  const given = (key: string) => parts.map((name) => `${name}_${key}`).find((path) => config[path]) ?? `val_${key}`;
  const evaluator = given('evaluator');
  return { dataloader: given('dataloader'), evaluator, measured: metricsOf(config, evaluator) };
}

/** @returns undefined when the signal aborted it */
export function evaluate(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  options: EvaluateOptions = {},
): Promise<Report | undefined> {
  const { tta, tiles, part = 'val' } = options;
  checkEvaluated(data, config);
  if (tta === undefined && tiles === undefined)
    return evaluateDetections(batchDetections(detector, data, config, options), data, config, options);
  refuseBatch('evaluate', options.batch);
  const detectImage = imageDetector({ detector, config }, options, part);
  return evaluateDetections(imageDetections(detectImage, data, options.signal), data, config, options);
}

/** What was detected in an image of a dataset, or why it could not be read. */
export type FoundInImage = { imageId: number; detections: Detections } | DataProblem;

/** Some images at a time; undefined when it was stopped within them. */
export type FoundInImages = AsyncGenerator<FoundInImage[] | undefined>;

/**
 * The metrics of detections.
 *
 * @param found of every image of the data
 * @returns undefined when the signal aborted it
 */
export async function evaluateDetections(
  found: FoundInImages,
  data: Dataset,
  config: ConfigObject,
  { part = 'val', signal, onProgress }: EvaluateOptions = {},
): Promise<Report | undefined> {
  const started = performance.now();
  const { measured, evaluator } = evaluationSettings(config, part);
  const metric = await metricList(
    measured.map((one) => ({ config: one.config, factory: catalogue.build('metric', one.config, { path: one.path }) })),
    evaluator,
  )(data);
  const records = new Map(data.records.map((record) => [record.id, record]));
  const results: EvaluationResults = { dataset: data, images: [], metric: measured[0].config };
  const failures: DataProblem[] = [];
  const withMasks = measured.some((one) => evaluatesMasks(one.config));
  let done = 0;
  for await (const images of found) {
    if (!images) return undefined;
    for (const image of images) {
      if ('kind' in image) {
        failures.push(image);
        continue;
      }
      done++;
      const { imageId, detections } = image;
      metric.add(imageId, detections);
      const kept = compactDetections(detections, withMasks);
      results.images.push({ imageId, record: records.get(imageId)!, detections: kept });
    }
    onProgress?.(done, data.records.length);
  }
  if (signal?.aborted) return undefined;
  const report = metric.compute();
  const problems = [...data.problems, ...report.problems, ...failures];
  return new Report({ ...report, problems }, data.name, (performance.now() - started) / 1000, { results });
}

/** Batches as the config's data loader gives them; what could not be read comes last. Ends early when the signal aborts. */
export async function* batchDetections(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  { batch, part = 'val', precision, shard, signal }: EvaluateOptions & ShardOptions,
): FoundInImages {
  const { steps, path } = evaluationPipeline(config, part);
  const pipeline = buildPipeline(steps, catalogue, path);
  const { dataloader } = evaluationSettings(config, part);
  const batchSize = batch ?? numberAt(config, `${dataloader}.batch_size`) ?? 1;
  const shapes = valueAt(config, `${dataloader}.dataset.batch_shapes_cfg`) as
    | Parameters<typeof withBatchShapes>[1]
    | null;
  const whole = shapes ? { ...data, records: withBatchShapes(data.records, shapes) } : data;
  const images = shard ? { ...whole, records: whole.records.filter((_, i) => i % shard.size === shard.rank) } : whole;
  if (images.records.length === 0) return;
  const loader = evaluationLoader(images, pipeline, { batchSize, workers: loaderWorkers(config, dataloader) });
  detector.eval();
  try {
    for await (const samples of loader.epoch(0, { signal })) {
      const found = interruptible(signal, () => detect(detector, samples, precision));
      yield found?.map((detections, i) => ({ imageId: samples[i].meta.imgId, detections }));
    }
    yield loader.stats.failures;
  } finally {
    await loader.close();
  }
}

/** Image by image. Ends early when the signal aborts. */
export async function* imageDetections(detectImage: ImageDetector, data: Dataset, signal?: AbortSignal): FoundInImages {
  for (const { id, path } of data.records) {
    if (signal?.aborted) return;
    try {
      const pixels = await decodeImage(path, id);
      yield [{ imageId: id, detections: await detectImage(pixels, path) }];
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      yield [error.problem];
    }
  }
}
