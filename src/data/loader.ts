// The loader: batches of packed samples, prepared ahead in the background, in an order that depends on (seed, epoch)
// alone. It measures how long the consumer waits, and steps over broken images.

import { DetLabError } from '../errors';
import { batchOrder, type OrderOptions } from './loading/batch-order';
import { inProcess, type SampleKey, type SampleSource } from './loading/sample-source';
import { workerPool } from './loading/worker-pool';
import type { Pipeline } from './pipeline';
import { streamFor } from './streams';
import type { DataProblem, Dataset, PackedSample } from './types';

export interface LoaderOptions extends Partial<OrderOptions> {
  batchSize: number;
  /** Threads that decode and transform; 0 works in this thread. Default 1 (0 when the pipeline has own transforms). */
  workers?: number;
  /** Batches prepared ahead (memory: prefetch x batchSize images). Default 3. */
  prefetch?: number;
  /** A broken image is replaced by another one, drawn by the sample's own stream (training), or left out. Default: shuffle. */
  replaceBroken?: boolean;
  /** Called once per broken image. */
  onProblem?: (problem: DataProblem) => void;
}

export interface LoaderStats {
  /** Images delivered. */
  images: number;
  /** Time the consumer spent waiting for batches. */
  waitSeconds: number;
  /** Time spent preparing images, summed over threads. */
  decodeSeconds: number;
  /** One entry per broken image, however often it was met. */
  failures: DataProblem[];
}

export interface EpochOptions {
  /** First batch to deliver: a resumed run goes on at the batch where it stopped. */
  start?: number;
  /** The iteration ends early (without an error) when this aborts. */
  signal?: AbortSignal;
}

export interface Loader {
  /** Batches per epoch. */
  readonly length: number;
  readonly batchSize: number;
  readonly workers: number;
  readonly stats: LoaderStats;
  /** The batches of an epoch (from 0). Batches whose images are all broken are left out. */
  epoch(epoch: number, options?: EpochOptions): AsyncGenerator<PackedSample[], void, void>;
  /** Stops the threads. */
  close(): Promise<void>;
}

/** How often a broken image is replaced by another before the epoch is given up. */
const MAX_REPLACEMENTS = 15;

/**
 * Makes a loader; close it when done.
 *
 * @example
 * const loader = createLoader(train, buildPipeline(trainPipeline), { batchSize: 4, shuffle: true, seed: 1 });
 * for await (const batch of loader.epoch(0)) step(batch);
 * await loader.close();
 */
export function createLoader(dataset: Dataset, pipeline: Pipeline, options: LoaderOptions): Loader {
  const { records } = dataset;
  const order: OrderOptions = {
    batchSize: options.batchSize,
    shuffle: options.shuffle ?? false,
    seed: options.seed ?? 0,
    aspectRatioGrouping: options.aspectRatioGrouping ?? false,
    dropLast: options.dropLast ?? false,
  };
  const prefetch = options.prefetch ?? 3;
  if (!Number.isInteger(order.batchSize) || order.batchSize < 1)
    throw new DetLabError(`Cannot make a loader: expected a batchSize of at least 1, received ${order.batchSize}`);
  if (!Number.isInteger(prefetch) || prefetch < 1)
    throw new DetLabError(`Cannot make a loader: expected prefetch of at least 1, received ${prefetch}`);
  if (records.length === 0)
    throw new DetLabError(
      `Cannot load from "${dataset.name}": it has no usable images. ${dataset.problems.length} problems were found, first: ${dataset.problems[0]?.message ?? 'none'}`,
    );
  const workers = pipeline.portable ? (options.workers ?? 1) : 0;
  if (options.workers && !pipeline.portable)
    throw new DetLabError(
      `Cannot run the pipeline in ${options.workers} loader threads: it has transforms of your own, which live in this thread. Use workers: 0`,
    );
  const replace = options.replaceBroken ?? order.shuffle;
  const stats: LoaderStats = { images: 0, waitSeconds: 0, decodeSeconds: 0, failures: [] };
  const reported = new Set<string>();
  let source: SampleSource | undefined;

  const note = (problem: DataProblem) => {
    if (reported.has(problem.file)) return;
    reported.add(problem.file);
    stats.failures.push(problem);
    options.onProblem?.(problem);
  };

  async function sampleAt(epoch: number, index: number): Promise<PackedSample | undefined> {
    const redraw = streamFor(order.seed, epoch, index, -1);
    let chosen = index;
    for (let attempt = 0; attempt <= MAX_REPLACEMENTS; attempt++) {
      const key: SampleKey = [order.seed, epoch, index, attempt];
      const outcome = await source!.get(records[chosen], key);
      stats.decodeSeconds += outcome.seconds;
      if ('sample' in outcome) return outcome.sample;
      note(outcome.problem);
      if (!replace) return undefined;
      chosen = redraw.integer(records.length);
    }
    throw new DetLabError(
      `Cannot load from "${dataset.name}": ${MAX_REPLACEMENTS + 1} images in a row are broken, last "${records[chosen].path}". Check the data set's folder`,
    );
  }

  async function* epochOf(epoch: number, { start = 0, signal }: EpochOptions = {}) {
    source ??= workers > 0 ? workerPool(pipeline, workers) : inProcess(pipeline);
    const batches = batchOrder(records, epoch, order);
    const queue: Promise<(PackedSample | undefined)[]>[] = [];
    let next = start;
    const fill = () => {
      while (queue.length < prefetch && next < batches.length) {
        const batch = Promise.all(batches[next++].map((index) => sampleAt(epoch, index)));
        batch.catch(() => {}); // it is awaited below, unless the consumer stops before
        queue.push(batch);
      }
    };
    for (fill(); queue.length > 0; ) {
      const since = performance.now();
      source.hold();
      const batch = await unlessAborted(queue[0], signal).finally(() => source!.release());
      stats.waitSeconds += (performance.now() - since) / 1000;
      if (!batch) return;
      queue.shift();
      fill();
      const samples = batch.filter((sample) => sample !== undefined);
      stats.images += samples.length;
      if (samples.length > 0) yield samples;
    }
  }

  const length = order.dropLast
    ? Math.floor(records.length / order.batchSize)
    : Math.ceil(records.length / order.batchSize);
  return {
    length,
    batchSize: order.batchSize,
    workers,
    stats,
    epoch: epochOf,
    async close() {
      await source?.close();
      source = undefined;
    },
  };
}

/**
 * A loader for evaluation: data set order, no shuffling, broken images left out and reported.
 *
 * @example for await (const batch of evaluationLoader(val, pipeline, { batchSize: 1 }).epoch(0)) predict(batch);
 */
export function evaluationLoader(dataset: Dataset, pipeline: Pipeline, options: LoaderOptions): Loader {
  return createLoader(dataset, pipeline, { ...options, shuffle: false, dropLast: false, replaceBroken: false });
}

/** `promise`, or undefined as soon as `signal` aborts. The event loop turns once, so that finished work is seen. */
async function unlessAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T | undefined> {
  await new Promise(setImmediate);
  if (signal?.aborted) return undefined;
  if (!signal) return promise;
  let onAbort: () => void;
  const aborted = new Promise<undefined>((resolve) => {
    onAbort = () => resolve(undefined);
    signal.addEventListener('abort', onAbort, { once: true });
  });
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort));
}
