// Sources of packed samples: pipelines run in this thread or in worker threads. Both give the same samples, since a
// sample's random stream depends on its seed and position in the training order alone.

import { BadData } from '../bad-data';
import { type Pipeline, packedOf } from '../pipeline';
import type { DataProblem, ImageRecord, PackedSample } from '../types';
import { imagesOf, type OrderOptions } from './batch-order';
import { ImageCache, type ImageCacheMemory } from './image-cache';
import { keepDecoded } from './image-decoder';
import { sizeProblem } from './image-sizes';
import { streamFor } from './random-streams';
import { type RecordStore, storeOf } from './record-store';
import { type OrderPosition, sampleContexts } from './sample-context';
import { taskQueue } from './task-queue';

/**
 * A packed sample (with a warning about its image, which is used), the problem of an image that cannot be used, or that a
 * transform discarded it. `seconds`: time spent decoding and transforming.
 */
export type SampleOutcome = { seconds: number } & (
  | { sample: PackedSample; warning?: DataProblem }
  | { problem: DataProblem }
  | { discarded: true }
);

/** Key of a sample's random stream: (seed, epoch, index, attempt). */
export type SampleKey = [number, number, number, number];

/** Asks for record number `index` by pipeline number `stage`. */
export interface SampleRequest {
  index: number;
  stage: number;
  key: SampleKey;
  position: OrderPosition;
}

/** Pipelines, records and order of a run. */
export interface SamplePlan {
  /** One pipeline per stage of the run. */
  stages: readonly Pipeline[];
  records: readonly ImageRecord[];
  order: OrderOptions;
  /** Where decoded images are kept. */
  cache?: ImageCacheMemory;
}

export interface SampleSource {
  readonly workers: number;
  get(request: SampleRequest): Promise<SampleOutcome>;
  /** Adds a thread. */
  grow(): void;
  /** Keeps the process alive while a sample is awaited. */
  hold(): void;
  release(): void;
  close(): Promise<void>;
}

/** Runs the pipeline on one sample; bad data is an outcome, any other error is thrown. */
export function sampleRunner(
  stages: readonly Pipeline[],
  records: RecordStore,
  order: OrderOptions,
  upright: (index: number) => boolean,
): (request: SampleRequest, record?: ImageRecord) => Promise<SampleOutcome> {
  const contexts = stages.map((stage) => sampleContexts(stage, records, order, upright));
  return async ({ index, stage, key: [seed, ...salts], position }, record = records.at(index)) => {
    const start = performance.now();
    const seconds = () => (performance.now() - start) / 1000;
    try {
      const context =
        stages[stage].usesOtherImages || !stages[stage].portable
          ? contexts[stage](position, index, salts[2] === 0)
          : undefined;
      const sample = await stages[stage].prepare(record, streamFor(seed, ...salts), { context });
      if (!sample) return { discarded: true, seconds: seconds() };
      const warning = sizeProblem(record, sample.meta.oriShape);
      return { sample: packedOf(sample, 'the pipeline', record), seconds: seconds(), ...(warning && { warning }) };
    } catch (error) {
      if (!(error instanceof BadData)) throw error;
      return { problem: error.problem, seconds: seconds() };
    }
  };
}

/** Images in flight per thread: one is transformed while the next is decoded. */
export const IMAGES_AT_A_TIME = 2;

/** Runs the pipeline in this thread (decoding still runs on libuv's pool). */
export function inProcess({ stages, records, order, cache }: SamplePlan): SampleSource {
  if (cache) keepDecoded(new ImageCache(cache));
  const queue = taskQueue(IMAGES_AT_A_TIME);
  const run = sampleRunner(stages, storeOf(records), order, imagesOf(records).upright);
  return {
    workers: 0,
    get: (request) => queue.run(() => run(request)),
    grow() {},
    hold() {},
    release() {},
    async close() {
      if (cache) keepDecoded(undefined);
      queue.clear();
    },
  };
}
