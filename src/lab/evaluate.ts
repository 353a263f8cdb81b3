// Evaluates a detector on a dataset with the pipeline, loader settings and metric of a config.

import type { ConfigObject } from '../config';
import {
  BadData,
  buildPipeline,
  type DataProblem,
  type Dataset,
  decodeImage,
  evaluationLoader,
  type Shard,
  withBatchShapes,
} from '../data';
import { interruptible } from '../engine/interruption';
import { DetLabError } from '../errors';
import { compactDetections, type EvaluationResults } from '../evaluation';
import type { Detector } from '../models/types';
import { catalogue } from './catalogue';
import { checkEvaluated } from './check-data';
import {
  buildMetrics,
  type ChosenMetric,
  chosenMetrics,
  configuredMetrics,
  evaluateMasks,
  type MetricChoice,
  measuredOf,
  metricsWithoutFiles,
} from './chosen-metrics';
import { numberAt, valueAt } from './config-access';
import { evaluationPipeline } from './evaluation-pipeline';
import { loaderWorkers } from './loader-workers';
import { clipsOf, recordsOfRank } from './prediction/clips';
import { detect, type ImageDetector } from './prediction/detect';
import type { FoundInImages } from './prediction/found-in-images';
import { type InferenceOptions, imageDetector, refuseBatch } from './prediction/image-detector';
import { trackedFrames } from './prediction/tracked-frames';
import { Report } from './report';
import { checkSlices, type Slice } from './report-slices';
import { type CorruptedMetrics, corruptedConfig, corruptedRuns, Robustness } from './robustness';

/** How a detector is evaluated: batch, precision, views, tiles, progress. */
export interface EvaluateOptions extends InferenceOptions {
  /** Batch size; the config's by default. Not with views and tiles. */
  batch?: number;
  /** Whose transforms, metric and batch size of the config: `val_` (default) or `test_`. */
  part?: 'val' | 'test';
  /**
   * What is measured, instead of the config's: 'bbox', 'segm', 'voc', 'lvis', .., a metric's config, or several.
   * Names of the metrics after the first begin with their prefix: `pascal_voc/AP50`.
   */
  metric?: MetricChoice;
  /** Measure parts of the data too: `['size', 'brightness', 'weather']`, as `report.slices`. */
  slices?: readonly Slice[];
  /** Evaluate corrupted images too: names of corruptions, or 'benchmark', 'noise', 'blur', 'weather', 'digital', 'holdout', 'all'. */
  corruptions?: string | readonly string[];
  /** Strengths of the corruptions; 0, no corruption, is always evaluated. Default 1 to 5. */
  severities?: readonly number[];
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** The part of the images that one of several processes detects on. */
interface ShardOptions {
  shard?: Shard;
}

/** What an evaluation reads of a config: that of a part, or of the other where it has none. */
function evaluationSettings(config: ConfigObject, part: 'val' | 'test') {
  const parts = part === 'test' ? ['test', 'val'] : ['val', 'test'];
  const given = (key: string) => parts.map((name) => `${name}_${key}`).find((path) => config[path]) ?? `val_${key}`;
  return { dataloader: given('dataloader'), evaluator: given('evaluator') };
}

/** The metrics of an evaluation: those that its options name, or the config's. */
const measuredBy = (config: ConfigObject, { part = 'val', metric }: EvaluateOptions): ChosenMetric[] =>
  metric === undefined ? configuredMetrics(config, evaluationSettings(config, part).evaluator) : chosenMetrics(metric);

/** @returns undefined when the signal aborted it */
export function evaluate(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  options: EvaluateOptions = {},
): Promise<Report | undefined> {
  const { tta, tiles, part = 'val' } = options;
  if (options.corruptions !== undefined || options.severities !== undefined)
    return evaluateCorrupted(detector, data, config, options);
  checkEvaluated(data, measuredBy(config, options));
  if (tta === undefined && tiles === undefined)
    return evaluateDetections(
      trackedFrames(batchDetections(detector, data, config, options), data, detector),
      data,
      config,
      options,
    );
  refuseBatch('evaluate', options.batch);
  const detectImage = imageDetector({ detector, config }, options, part);
  const found = trackedFrames(imageDetections(detectImage, data, options.signal), data, detector);
  return evaluateDetections(found, data, config, options);
}

/** The report of the clean images, with what is left of it on corrupted ones. */
async function evaluateCorrupted(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  { corruptions, severities, ...options }: EvaluateOptions,
): Promise<Report | undefined> {
  if (options.tta !== undefined || options.tiles !== undefined)
    throw new DetLabError('Cannot evaluate corruptions with views or tiles: leave out tta and tiles');
  const runs = corruptedRuns(corruptions, severities);
  // the files of the metrics are those of the clean images
  const metric = metricsWithoutFiles(measuredBy(config, options)).map((chosen) => chosen.config);
  const total = (runs.length + 1) * data.records.length;
  const progressFrom = (run: number) => (done: number) => options.onProgress?.(run * data.records.length + done, total);
  const clean = await evaluate(detector, data, config, { ...options, onProgress: progressFrom(0) });
  if (!clean) return undefined;
  const corrupted: CorruptedMetrics[] = [];
  for (const [i, { corruption, severity }] of runs.entries()) {
    const changed = corruptedConfig(config, options.part ?? 'val', corruption, severity);
    const settings = { ...options, metric, slices: undefined, onProgress: progressFrom(i + 1) };
    const report = await evaluate(detector, data, changed, settings);
    if (!report) return undefined;
    corrupted.push({ corruption, severity, metrics: report.metrics });
  }
  return clean.withRobustness(new Robustness(data.name, clean.metrics, corrupted));
}

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
  options: EvaluateOptions = {},
): Promise<Report | undefined> {
  const started = performance.now();
  const { slices, signal, onProgress } = options;
  const chosen = measuredBy(config, options);
  if (slices) checkSlices(data, slices);
  const metric = await buildMetrics(chosen, data);
  const records = new Map(data.records.map((record) => [record.id, record]));
  const results: EvaluationResults = { dataset: data, images: [], metric: measuredOf(chosen) };
  const failures: DataProblem[] = [];
  const withMasks = evaluateMasks(chosen);
  let done = 0;
  for await (const images of found) {
    if (!images) return undefined;
    for (const image of images) {
      if ('kind' in image) {
        failures.push(image);
        continue;
      }
      done++;
      const { imageId, detections, untracked } = image;
      metric.add(imageId, untracked ? { ...detections, untracked } : detections);
      const kept = compactDetections(detections, withMasks);
      results.images.push({ imageId, record: records.get(imageId)!, detections: kept });
    }
    onProgress?.(done, data.records.length);
  }
  if (signal?.aborted) return undefined;
  const numbers = metric.compute();
  const files = (await metric.write?.()) ?? [];
  const problems = [...data.problems, ...numbers.problems, ...failures];
  const seconds = (performance.now() - started) / 1000;
  const report = new Report({ ...numbers, problems }, data.name, seconds, { results, files });
  return slices ? report.withSlices(await report.slices(slices)) : report;
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
  const clips = detector.predictsClips ? whole.videos : undefined;
  const images = shard ? { ...whole, records: recordsOfRank(whole, shard, clips) } : whole;
  if (images.records.length === 0) return;
  const loader = evaluationLoader(images, pipeline, { batchSize, workers: loaderWorkers(config, dataloader) });
  detector.eval();
  try {
    for await (const samples of clipsOf(loader.epoch(0, { signal }), detector, clips)) {
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
