// The losses of a run on its validation images: the images of the test pipeline with their ground truth, in batches of training's
// size, and the same random numbers at every evaluation, so that two of them differ by the weights alone.

import { deserialize, serialize } from 'node:v8';
import type { ModuleConfig } from '../catalogue/registry';
import type { ConfigObject } from '../config';
import { buildPipeline, type Dataset, evaluationLoader, loadsAnnotations } from '../data';
import type { Precision } from '../engine';
import { interruptible } from '../engine/interruption';
import type { Detector } from '../models/types';
import { Random } from '../random';
import { batchLosses } from '../training/batch-losses';
import { disposeBatch } from '../training/dispose-batch';
import type { Ranks } from '../training/ranks/ranks';
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
  /** The processes of the run, of which each has its share of the batches. */
  ranks?: Pick<Ranks, 'rank' | 'size' | 'isFirst' | 'stopsOrEnds' | 'gather'>;
}

/** Sums over images by the name of the loss. */
interface Sums {
  images: number;
  losses: Record<string, number>;
}

/**
 * Means over the images of `data` by name, `val/loss` (the sum) first; undefined when the signal aborted it, and on all ranks
 * but rank 0. Its cost is that of the forward pass and the assignment of targets of every image.
 */
export async function validationLosses(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  options: ValidationLossOptions,
): Promise<Record<string, number> | undefined> {
  const { ranks } = options;
  const own = await lossSums(detector, data, config, options);
  if (!ranks) return own && means([own]);
  const { stops, ends } = await ranks.stopsOrEnds(own === undefined);
  if (stops || ends) return undefined;
  const all = await ranks.gather(serialize(own));
  return ranks.isFirst ? means(all.map((bytes) => deserialize(bytes) as Sums)) : undefined;
}

function means(all: readonly Sums[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const { losses } of all)
    for (const [name, value] of Object.entries(losses)) sums[name] = (sums[name] ?? 0) + value;
  const images = Math.max(
    1,
    all.reduce((total, share) => total + share.images, 0),
  );
  return Object.fromEntries(Object.entries(sums).map(([name, sum]) => [`${VALIDATION_PREFIX}${name}`, sum / images]));
}

/** Of this process's share of the batches; undefined when the signal aborted it. */
async function lossSums(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  { batchSize, precision, epoch, step, signal, onProgress, ranks }: ValidationLossOptions,
): Promise<Sums | undefined> {
  const { rank, size } = ranks ?? { rank: 0, size: 1 };
  // whole batches, so that they are those of one process
  const records = data.records.filter((_, i) => Math.floor(i / batchSize) % size === rank);
  const sums: Sums = { images: 0, losses: {} };
  if (records.length === 0 && ranks) return sums;
  const pipeline = buildPipeline(validationPipeline(config), catalogue, 'test_pipeline');
  const workers = loaderWorkers(config, 'val_dataloader');
  const loader = evaluationLoader({ ...data, records }, pipeline, { batchSize, workers });
  let batches = 0;
  detector.eval();
  try {
    for await (const samples of loader.epoch(0, { signal })) {
      const batch = detector.preprocess(samples);
      try {
        const random = Random.seeded(rank + size * batches++);
        const context = { random, epoch, iteration: step };
        const losses = interruptible(signal, () => batchLosses(detector, batch, context, precision));
        if (!losses) return undefined;
        for (const [name, value] of Object.entries(losses))
          sums.losses[name] = (sums.losses[name] ?? 0) + value * samples.length;
      } finally {
        disposeBatch(batch);
      }
      sums.images += samples.length;
      onProgress?.(Math.min(sums.images * size, data.records.length), data.records.length);
    }
    return signal?.aborted ? undefined : sums;
  } finally {
    await loader.close();
  }
}

const isAnnotations = ({ type }: ModuleConfig): boolean =>
  loadsAnnotations(catalogue.find('transform', type)?.type ?? '');
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

/** The first step of annotations of a dataset's pipelines, wrappers included. */
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
