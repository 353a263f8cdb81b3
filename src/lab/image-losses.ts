// The loss of every image of a dataset, alone: the detector's own losses, as a validation loss computes them.

import type { ConfigObject } from '../config';
import { buildPipeline, type Dataset, evaluationLoader } from '../data';
import type { Precision } from '../engine';
import type { Detector } from '../models/types';
import { Random } from '../random';
import { batchLosses } from '../training/batch-losses';
import { disposeBatch } from '../training/dispose-batch';
import { catalogue } from './catalogue';
import { loaderWorkers } from './loader-workers';
import { validationPipeline } from './validation-loss';

export interface ImageLossesOptions {
  precision?: Precision;
  signal?: AbortSignal;
  onProgress?: (done: number, total: number) => void;
}

/** The sum of the losses by image id; undefined when the signal aborted it. The same random numbers for every image. */
export async function imageLosses(
  detector: Detector,
  data: Dataset,
  config: ConfigObject,
  { precision, signal, onProgress }: ImageLossesOptions = {},
): Promise<Map<number, number> | undefined> {
  const pipeline = buildPipeline(validationPipeline(config), catalogue, 'test_pipeline');
  const loader = evaluationLoader(data, pipeline, { batchSize: 1, workers: loaderWorkers(config, 'val_dataloader') });
  const losses = new Map<number, number>();
  detector.eval();
  try {
    for await (const samples of loader.epoch(0, { signal })) {
      const batch = detector.preprocess(samples);
      try {
        const context = { random: Random.seeded(0), epoch: 0, iteration: 0 };
        losses.set(samples[0].meta.imgId, batchLosses(detector, batch, context, precision).loss);
      } finally {
        disposeBatch(batch);
      }
      onProgress?.(losses.size, data.records.length);
    }
    return signal?.aborted ? undefined : losses;
  } finally {
    await loader.close();
  }
}
