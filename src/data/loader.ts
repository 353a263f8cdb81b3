// The data loader: batches of packed samples, prefetched in the background, in an order that depends on (seed, epoch)
// alone. It measures how long the consumer waits, and replaces or skips unreadable images.

import { DetLabError } from '../errors';
import { batchOrder, imagesOf, type OrderOptions } from './loading/batch-order';
import { streamFor } from './loading/random-streams';
import type { OrderPosition } from './loading/sample-context';
import { inProcess, type SampleKey, type SampleSource } from './loading/sample-source';
import { workerPool } from './loading/worker-pool';
import type { Pipeline } from './pipeline';
import type { DataProblem, Dataset, PackedSample } from './types';

export interface LoaderOptions extends Partial<OrderOptions> {
  batchSize: number;
  /** Worker threads that decode and transform; 0: this thread. Default 1 (0 with user-defined transforms). */
  workers?: number;
  /** Batches prefetched (memory: prefetch x batchSize images). Default 3. */
  prefetch?: number;
  /** Replace an unreadable image by a random one, drawn from the sample's stream (training), or skip it. Default: shuffle. */
  replaceBroken?: boolean;
  /** Called once per unreadable image. */
  onProblem?: (problem: DataProblem) => void;
}

export interface LoaderStats {
  /** Images delivered. */
  images: number;
  /** Time the consumer spent waiting for batches. */
  waitSeconds: number;
  /** Time spent decoding and transforming, summed over threads. */
  decodeSeconds: number;
  /** One entry per unreadable image, however often it was drawn. */
  failures: DataProblem[];
}

export interface EpochOptions {
  /** First batch to deliver: where a resumed run continues. */
  start?: number;
  /** Ends the iteration early, without an error, when it aborts. */
  signal?: AbortSignal;
}

export interface Loader {
  /** Batches per epoch. */
  readonly length: number;
  readonly batchSize: number;
  readonly workers: number;
  readonly stats: LoaderStats;
  /** The batches of an epoch (from 0). Batches whose images are all unreadable are skipped. */
  epoch(epoch: number, options?: EpochOptions): AsyncGenerator<PackedSample[], void, void>;
  /** Stops the worker threads. */
  close(): Promise<void>;
}

/** A pipeline and the epoch (from 0) from which it is used. */
export interface PipelineStage {
  from: number;
  pipeline: Pipeline;
}

/** Samples discarded by a transform in a row before loading fails. */
const MAX_DISCARDS = 1000;
/** Unreadable images replaced in a row before loading fails. */
const MAX_REPLACEMENTS = 15;

/**
 * Creates a loader; close it when done.
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
    throw new DetLabError(`Cannot create a loader: expected batchSize >= 1, received ${order.batchSize}`);
  if (!Number.isInteger(prefetch) || prefetch < 1)
    throw new DetLabError(`Cannot create a loader: expected prefetch >= 1, received ${prefetch}`);
  if (records.length === 0)
    throw new DetLabError(
      `Cannot load from "${dataset.name}": it has no usable images. It has ${dataset.problems.length} problems, first: ${dataset.problems[0]?.message ?? 'none'}`,
    );
  const workers = portable ? (options.workers ?? 1) : 0;
  if (options.workers && !portable)
    throw new DetLabError(
      `Cannot run the pipeline in ${options.workers} worker threads: its user-defined transforms exist only in this thread. Use workers: 0`,
    );
  const replace = options.replaceBroken ?? order.shuffle;
  const stats: LoaderStats = { images: 0, waitSeconds: 0, decodeSeconds: 0, failures: [] };
  const reported = new Set<string>();
  let source: SampleSource | undefined;

  const reportOnce = (problem: DataProblem) => {
    if (reported.has(problem.file)) return;
    reported.add(problem.file);
    stats.failures.push(problem);
    options.onProblem?.(problem);
  };

  async function sampleAt(position: OrderPosition, index: number): Promise<PackedSample | undefined> {
    const { epoch } = position;
    const redraw = streamFor(order.seed, epoch, index, -1);
    const stage = stages.findLastIndex(({ from }) => from <= epoch);
    let record = index;
    let unreadable = 0;
    for (let attempt = 0; unreadable <= MAX_REPLACEMENTS && attempt < MAX_DISCARDS; attempt++) {
      const key: SampleKey = [order.seed, epoch, index, attempt];
      const outcome = await source!.get({ index: record, stage, key, position });
      stats.decodeSeconds += outcome.seconds;
      if ('sample' in outcome) return outcome.sample;
      if ('problem' in outcome) {
        unreadable++;
        reportOnce(outcome.problem);
        if (!replace) return undefined;
      } else if (!replace)
        throw new DetLabError(
          `Cannot evaluate on "${records[record].path}": a transform discarded it. Remove RandomCrop and ` +
            'FilterAnnotations from the test pipeline',
        );
      record = redraw.integer(records.length);
    }
    throw new DetLabError(
      unreadable > MAX_REPLACEMENTS
        ? `Cannot load from "${dataset.name}": ${MAX_REPLACEMENTS + 1} images are unreadable, last "${records[record].path}". Check the dataset's folder`
        : `Cannot load from "${dataset.name}": the transforms discarded ${MAX_DISCARDS} samples in a row. ` +
            'Check that its images have ground truth; RandomCrop with allow_negative_crop: true and FilterAnnotations with keep_empty: false accept images without',
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
        batch.catch(() => {}); // awaited below, unless the consumer stops earlier
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
 * A loader for evaluation: the dataset's order, no shuffling, unreadable images skipped and reported.
 *
 * @example for await (const batch of evaluationLoader(val, pipeline, { batchSize: 1 }).epoch(0)) predict(batch);
 */
export function evaluationLoader(dataset: Dataset, pipeline: Pipeline, options: LoaderOptions): Loader {
  return createLoader(dataset, pipeline, { ...options, shuffle: false, dropLast: false, replaceBroken: false });
}

/** `promise`, or undefined as soon as `signal` aborts. Yields to the event loop once, so that finished work is seen. */
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
