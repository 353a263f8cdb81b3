// The losses of a run on its validation images: the images of the test pipeline with their ground truth, in batches of training's
// size, and the same random numbers at every evaluation, so that two of them differ by the weights alone.

import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { buildPipeline, type Dataset, evaluationLoader } from '../data';
import type { Precision } from '../engine';
import { interruptible } from '../engine/interruption';
import type { Detector } from '../models/types';
import { Random } from '../random';
import { batchLosses } from '../training/batch-losses';
import { catalogue } from './catalogue';
import { valueAt } from './config-access';
import { evaluationPipeline } from './evaluation-pipeline';
import { loaderWorkers } from './loader-workers';

/** Before the names of the losses in logs and records. */
export const VALIDATION_PREFIX = 'val/';

interface ValidationLossOptions {
  batchSize: number;
  precision?: Precision;
  /** How far the training is: some assigners and losses change with the epoch. */
  epoch: number;
  step: number;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/**
 * Means over the images of `data` by name, `val/loss` (the sum) first; undefined when the signal aborted it.
 * Its cost is that of the forward pass and the assignment of targets of every image.
 */
export async function validationLosses(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  { batchSize, precision, epoch, step, signal, onProgress }: ValidationLossOptions,
): Promise<Record<string, number> | undefined> {
  const pipeline = buildPipeline(validationPipeline(config), catalogue, 'test_pipeline');
  const loader = evaluationLoader(data, pipeline, { batchSize, workers: loaderWorkers(config, 'val_dataloader') });
  const random = Random.seeded(0);
  const sums: Record<string, number> = {};
  let done = 0;
  detector.eval();
  try {
    for await (const samples of loader.epoch(0, { signal })) {
      const batch = detector.preprocess(samples);
      try {
        const context = { random, epoch, iteration: step };
        const losses = interruptible(signal, () => batchLosses(detector, batch, context, precision));
        if (!losses) return undefined;
        for (const [name, value] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + value * samples.length;
      } finally {
        batch.inputs.dispose();
      }
      done += samples.length;
      onProgress?.(done, data.records.length);
    }
    if (signal?.aborted) return undefined;
    const means = Object.entries(sums).map(([name, sum]) => [`${VALIDATION_PREFIX}${name}`, sum / Math.max(1, done)]);
    return Object.fromEntries(means);
  } finally {
    await loader.close();
  }
}

const isAnnotations = ({ type }: ModuleConfig): boolean =>
  catalogue.find('transform', type)?.type === 'LoadAnnotations';
const isImage = ({ type }: ModuleConfig): boolean => catalogue.find('transform', type)?.type === 'LoadImageFromFile';

/**
 * The transforms of validation images with training's ground truth (masks, where the losses need them), loaded with the image.
 * Pipelines of evaluations load it after resizing, for metrics in the pixels of the file; losses need it in those of the input.
 */
export function validationPipeline(config: ConfigObject): ModuleConfig[] {
  const steps = evaluationPipeline(config, 'val').steps.filter((step) => !isAnnotations(step));
  const annotations = annotationsIn(valueAt(config, 'train_dataloader.dataset')) ?? { type: 'LoadAnnotations' };
  const after = steps.findIndex(isImage) + 1;
  return [...steps.slice(0, after), annotations, ...steps.slice(after)];
}

/** The first LoadAnnotations of a dataset's pipelines, wrappers included. */
function annotationsIn(value: unknown): ModuleConfig | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if (
    !Array.isArray(value) &&
    'type' in value &&
    typeof value.type === 'string' &&
    isAnnotations(value as ModuleConfig)
  )
    return value as ModuleConfig;
  for (const part of Object.values(value)) {
    const found = annotationsIn(part);
    if (found) return found;
  }
  return undefined;
}
