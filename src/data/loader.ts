// The loader: batches of packed samples, prepared ahead in the background, in an order that depends on (seed, epoch)
// alone. It measures how long the consumer waits, and steps over broken images.

import { DetLabError } from '../errors';
import { batchOrder, imagesOf, type OrderOptions } from './loading/batch-order';
import type { OrderPlace } from './loading/neighbourhood';
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

/** A pipeline and the epoch (from 0) it holds from. */
export interface PipelineStage {
  from: number;
  pipeline: Pipeline;
}

/** How often an image that a transform found of no use is replaced by another before the run is given up. */
const MAX_DISCARDS = 1000;
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
export function createLoader(
  dataset: Dataset,
  pipeline: Pipeline | readonly PipelineStage[],
  options: LoaderOptions,
): Loader {
  const { records } = dataset;
  const stages = 'run' in pipeline ? [{ from: 0, pipeline }] : pipeline;
  const portable = stages.every((stage) => stage.pipeline.portable);
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
  const workers = portable ? (options.workers ?? 1) : 0;
  if (options.workers && !portable)
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

  async function sampleAt(place: OrderPlace, index: number): Promise<PackedSample | undefined> {
    const { epoch } = place;
    const redraw = streamFor(order.seed, epoch, index, -1);
    const stage = stages.findLastIndex(({ from }) => from <= epoch);
    let chosen = index;
    let broken = 0;
    for (let attempt = 0; broken <= MAX_REPLACEMENTS && attempt < MAX_DISCARDS; attempt++) {
      const key: SampleKey = [order.seed, epoch, index, attempt];
      const outcome = await source!.get({ index: chosen, stage, key, place });
      stats.decodeSeconds += outcome.seconds;
      if ('sample' in outcome) return outcome.sample;
      if ('problem' in outcome) {
        broken++;
        note(outcome.problem);
        if (!replace) return undefined;
      } else if (!replace)
        throw new DetLabError(
          `Cannot evaluate on "${records[chosen].path}": a transform found it of no use. Take RandomCrop and ` +
            'FilterAnnotations out of the pipeline of tests',
        );
      chosen = redraw.integer(records.length);
    }
    throw new DetLabError(
      broken > MAX_REPLACEMENTS
        ? `Cannot load from "${dataset.name}": ${MAX_REPLACEMENTS + 1} images are broken, last "${records[chosen].path}". Check the data set's folder`
        : `Cannot load from "${dataset.name}": the transforms found ${MAX_DISCARDS} images in a row of no use. ` +
            'Do its images have truths? RandomCrop with allow_negative_crop: true and FilterAnnotations with keep_empty: false go on without',
    );
  }

  async function* epochOf(epoch: number, { start = 0, signal }: EpochOptions = {}) {
    const plan = { stages: stages.map((stage) => stage.pipeline), records, order };
    source ??= workers > 0 ? workerPool(plan, workers) : inProcess(plan);
    const batches = batchOrder(imagesOf(records), epoch, order);
    const firsts = [0];
    for (const batch of batches) firsts.push(firsts.at(-1)! + batch.length);
    const queue: Promise<(PackedSample | undefined)[]>[] = [];
    let next = start;
    const fill = () => {
      while (queue.length < prefetch && next < batches.length) {
        const first = firsts[next];
        const batch = Promise.all(batches[next++].map((index, i) => sampleAt({ epoch, position: first + i }, index)));
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
