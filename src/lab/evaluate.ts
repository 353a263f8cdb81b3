// Evaluates a detector on a dataset with the pipeline, loader settings and metric of a config.

import * as tf from '@tensorflow/tfjs';
import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import type { PackedSample } from '../data';
import { buildPipeline, type Dataset, type Detections, evaluationLoader, withBatchShapes } from '../data';
import { engine, type Precision } from '../engine';
import { interruptible } from '../engine/interruption';
import { compactDetections, type EvaluationResults, evaluatesMasks } from '../evaluation';
import type { Detector } from '../models/types';
import { catalogue } from './catalogue';
import { checkEvaluated } from './check-data';
import { numberAt, objectAt, valueAt, workersAt } from './config-access';
import { evaluationPipeline } from './evaluation-pipeline';
import { Report } from './report';

export interface EvaluateOptions {
  /** Batch size; the config's by default. */
  batch?: number;
  /** `bfloat16` is several times faster on a CPU that supports it, and changes AP by about 0.002. */
  precision?: Precision;
  /** Whose transforms, metric and batch size of the config: `val_` (default) or `test_`. */
  part?: 'val' | 'test';
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** Detections of a batch, in the original images' pixels. */
export function detect(detector: Detector, samples: PackedSample[], precision: Precision = 'float32'): Detections[] {
  const batch = detector.preprocess(samples);
  try {
    let detections: Detections[] = [];
    const predict = () =>
      tf.tidy(() => {
        detections = detector.predict(batch);
      });
    if (precision === 'float32') predict();
    else engine().autocast(precision, predict);
    return detections;
  } finally {
    batch.inputs.dispose();
  }
}

/** The first metric of an evaluator. The ground truth is that of the data, not of the annotation file that the config names. */
function metricConfig(config: ConfigObject, path: string): ModuleConfig {
  const {
    ann_file: _,
    type = 'CocoMetric',
    ...options
  } = objectAt(config, Array.isArray(config[path]) ? `${path}.0` : path);
  return { type: String(type), ...options };
}

/** @returns undefined when the signal aborted it */
export async function evaluate(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  { batch, part = 'val', precision, signal, onProgress }: EvaluateOptions = {},
): Promise<Report | undefined> {
  const started = performance.now();
  checkEvaluated(data, config);
  const { steps, path } = evaluationPipeline(config, part);
  const pipeline = buildPipeline(steps, catalogue, path);
  const parts = part === 'test' ? ['test', 'val'] : ['val', 'test'];
  const given = (key: string) => parts.map((name) => `${name}_${key}`).find((path) => config[path]) ?? `val_${key}`;
  const dataloader = given('dataloader');
  const batchSize = batch ?? numberAt(config, `${dataloader}.batch_size`) ?? 1;
  const evaluator = given('evaluator');
  const measured = metricConfig(config, evaluator);
  const metric = await catalogue.build('metric', measured, { path: evaluator })(data);
  const shapes = valueAt(config, `${dataloader}.dataset.batch_shapes_cfg`) as
    | Parameters<typeof withBatchShapes>[1]
    | null;
  const images = shapes ? { ...data, records: withBatchShapes(data.records, shapes) } : data;
  const loader = evaluationLoader(images, pipeline, { batchSize, workers: workersAt(config, dataloader) });
  const records = new Map(data.records.map((record) => [record.id, record]));
  const results: EvaluationResults = { dataset: data, images: [], metric: measured };
  const withMasks = evaluatesMasks(measured);
  detector.eval();
  try {
    let done = 0;
    for await (const samples of loader.epoch(0, { signal })) {
      const found = interruptible(signal, () => detect(detector, samples, precision));
      if (!found) return undefined;
      for (const [i, detections] of found.entries()) {
        const { imgId: imageId } = samples[i].meta;
        metric.add(imageId, detections);
        results.images.push({
          imageId,
          record: records.get(imageId)!,
          detections: compactDetections(detections, withMasks),
        });
      }
      done += samples.length;
      onProgress?.(done, data.records.length);
    }
    if (signal?.aborted) return undefined;
    const report = metric.compute();
    const problems = [...data.problems, ...report.problems, ...loader.stats.failures];
    return new Report({ ...report, problems }, data.name, (performance.now() - started) / 1000, { results });
  } finally {
    await loader.close();
  }
}
