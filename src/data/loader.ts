// The data loader: batches of packed samples, prefetched in the background, in an order that depends on (seed, epoch)
// alone. It measures how long the consumer waits, and replaces or skips unreadable images.

import './node-platform';
import { DetLabError } from '../errors';
import { batchesOf, imagesOf, type OrderOptions, sampleOrder } from './loading/batch-order';
import { ImageCache, type ImageCacheMemory, imageCacheMemory } from './loading/image-cache';
import { sourceOf } from './loading/multi-source-order';
import type { OrderedSample } from './loading/ordered-sample';
import { streamFor } from './loading/random-streams';
import type { OrderPosition } from './loading/sample-context';
import { IMAGES_AT_A_TIME, inProcess, type SampleKey, type SampleSource } from './loading/sample-source';
import { tripletSize } from './loading/triplet-order';
import { workerPool } from './loading/worker-pool';
import type { Pipeline } from './pipeline';
import { problemLines } from './problem-lines';
import type { DataProblem, Dataset, PackedSample } from './types';

export interface LoaderOptions extends Partial<OrderOptions> {
  batchSize: number;
  /** Worker threads that decode and transform; 0: this thread. Default 1 (0 with user-defined transforms). */
  workers?: number;
  /** Threads that are added, up to this many, while batches are waited for. Default: none. */
  mostWorkers?: number;
  /** Batches prefetched (memory: prefetch x batchSize images). Default 3, or as many as keep all threads busy. */
  prefetch?: number;
  /** Bytes of memory that keep decoded images for the next epochs. Default 0. */
  imageCache?: number;
  /** Replace an unreadable image by a random one, drawn from the sample's stream (training), or skip it. Default: shuffle. */
  replaceBroken?: boolean;
  /** Called once per image that is unreadable, or whose size is not the annotated one. */
  onProblem?: (problem: DataProblem) => void;
}

export interface LoaderStats {
  /** Images delivered. */
  images: number;
  /** Time the consumer spent waiting for batches. */
  waitSeconds: number;
  /** Time spent decoding and transforming, summed over threads. */
  decodeSeconds: number;
  /** Bytes of decoded images that are kept. */
  keptBytes: number;
  /** One entry per image with a problem, however often it was drawn. */
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
  /** Images per epoch. */
  readonly images: number;
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
  /** Of several joined data sets with pipelines of their own: the one whose images go through this one. */
  source?: number;
}

/** The place of the pipeline that holds at an epoch, for images of a data set. */
export const stageAt = (stages: readonly PipelineStage[], epoch: number, source = 0): number =>
  stages.findLastIndex((stage) => stage.from <= epoch && (stage.source ?? source) === source);

/** Batches after which it is seen whether more threads are needed, and the share of waiting that asks for one. */
const WATCHED_BATCHES = 10;
const WAITING_SHARE = 0.1;
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
  const stages = 'run' in pipeline ? [{ from: 0, pipeline }] : pipeline;
  return new PrefetchingLoader(dataset, stages, options);
}

class PrefetchingLoader implements Loader {
  readonly length: number;
  readonly images: number;
  readonly batchSize: number;
  workers: number;
  readonly stats: LoaderStats = { images: 0, waitSeconds: 0, decodeSeconds: 0, keptBytes: 0, failures: [] };
  private readonly order: OrderOptions;
  private readonly cache?: ImageCacheMemory;
  private readonly replaceBroken: boolean;
  private readonly reported = new Set<string>();
  private source?: SampleSource;

  constructor(
    private readonly dataset: Dataset,
    private readonly stages: readonly PipelineStage[],
    private readonly options: LoaderOptions,
  ) {
    const { batchSize, prefetch, shuffle = false, workers = 1 } = options;
    checkOptions(dataset, stages, { batchSize, prefetch: prefetch ?? 1, workers: options.workers });
    this.order = {
      batchSize,
      shuffle,
      seed: options.seed ?? 0,
      aspectRatioGrouping: options.aspectRatioGrouping ?? false,
      dropLast: options.dropLast ?? false,
      ...(options.shard && { shard: options.shard }),
      endless: options.endless ?? false,
      ...(options.classAware && { classAware: options.classAware }),
      ...(options.sampleSizes && { sampleSizes: options.sampleSizes }),
      ...(options.multiSource && { multiSource: options.multiSource }),
      ...(options.triplets && { triplets: options.triplets }),
      ...(options.videos && { videos: options.videos }),
    };
    this.length = batchesOf(dataset.records.length, this.order);
    this.images = dataset.records.length * (options.triplets ? tripletSize(options.triplets) : 1);
    this.batchSize = batchSize;
    this.workers = isPortable(stages) ? workers : 0;
    const { imageCache = 0 } = options;
    if (imageCache > 0) this.cache = imageCacheMemory(imageCache, dataset.records.length * stages.length);
    this.replaceBroken = options.replaceBroken ?? shuffle;
  }

  private openSource(): SampleSource {
    const plan = {
      stages: this.stages.map(({ pipeline }) => pipeline),
      records: this.dataset.records,
      order: this.order,
      cache: this.cache,
    };
    return this.workers > 0 ? workerPool(plan, this.workers) : inProcess(plan);
  }

  private get prefetch(): number {
    return this.options.prefetch ?? Math.max(3, Math.ceil((IMAGES_AT_A_TIME * this.workers) / this.batchSize) + 1);
  }

  /** Adds a thread where more than a tenth of the time is spent waiting for batches. */
  private grow(source: SampleSource, { waited, since }: { waited: number; since: number }): void {
    const { mostWorkers = 0 } = this.options;
    const share = ((this.stats.waitSeconds - waited) * 1000) / (performance.now() - since);
    if (share < WAITING_SHARE || this.workers === 0 || this.workers >= mostWorkers) return;
    source.grow();
    this.workers++;
  }

  private reportOnce(problem: DataProblem): void {
    if (this.reported.has(problem.file)) return;
    this.reported.add(problem.file);
    this.stats.failures.push(problem);
    this.options.onProblem?.(problem);
  }

  private async sampleAt(
    source: SampleSource,
    position: OrderPosition,
    { index, pass }: OrderedSample,
  ): Promise<PackedSample | undefined> {
    const { epoch } = position;
    const { name, records } = this.dataset;
    const { seed } = this.order;
    const redraw = streamFor(seed, pass, index, -1);
    const { multiSource } = this.order;
    const part = multiSource ? sourceOf(multiSource, index) : 0;
    const stage = stageAt(this.stages, epoch, part);
    // an image is replaced by one of its data set
    const [first, end] = multiSource ? multiSource.starts.subarray(part, part + 2) : [0, records.length];
    let record = index;
    let unreadable = 0;
    for (let attempt = 0; unreadable <= MAX_REPLACEMENTS && attempt < MAX_DISCARDS; attempt++) {
      const key: SampleKey = [seed, pass, index, attempt];
      const outcome = await source.get({ index: record, stage, key, position });
      this.stats.decodeSeconds += outcome.seconds;
      if ('sample' in outcome) {
        if (outcome.warning) this.reportOnce(outcome.warning);
        return outcome.sample;
      }
      if ('problem' in outcome) {
        unreadable++;
        this.reportOnce(outcome.problem);
        if (!this.replaceBroken) return undefined;
      } else if (!this.replaceBroken)
        throw new DetLabError(
          `Cannot evaluate on "${records[record].path}": a transform discarded it. Remove RandomCrop and ` +
            'FilterAnnotations from the test pipeline',
        );
      record = first + redraw.integer(end - first);
    }
    throw new DetLabError(
      unreadable > MAX_REPLACEMENTS
        ? `Cannot load from "${name}": ${MAX_REPLACEMENTS + 1} images are unreadable, last "${records[record].path}". Check the dataset's folder`
        : `Cannot load from "${name}": the transforms discarded ${MAX_DISCARDS} samples in a row. ` +
            'Check that its images have ground truth; RandomCrop with allow_negative_crop: true and FilterAnnotations with keep_empty: false accept images without',
    );
  }

  async *epoch(epoch: number, { start = 0, signal }: EpochOptions = {}): AsyncGenerator<PackedSample[], void, void> {
    const source = (this.source ??= this.openSource());
    const batches = sampleOrder(imagesOf(this.dataset.records), epoch, this.order);
    const firsts = [0];
    for (const batch of batches) firsts.push(firsts.at(-1)! + batch.length);
    const queue: Promise<(PackedSample | undefined)[]>[] = [];
    let next = start;
    const fill = () => {
      while (queue.length < this.prefetch && next < batches.length) {
        const first = firsts[next];
        const batch = Promise.all(
          batches[next++].map((sample, i) => this.sampleAt(source, { epoch, position: first + i }, sample)),
        );
        batch.catch(() => {}); // awaited below, unless the consumer stops earlier
        queue.push(batch);
      }
    };
    let window = { waited: this.stats.waitSeconds, since: performance.now() };
    let batchesSeen = 0;
    for (fill(); queue.length > 0; ) {
      if (++batchesSeen % WATCHED_BATCHES === 0) {
        this.grow(source, window);
        window = { waited: this.stats.waitSeconds, since: performance.now() };
      }
      const since = performance.now();
      source.hold();
      const batch = await unlessAborted(queue[0], signal).finally(() => source.release());
      this.stats.waitSeconds += (performance.now() - since) / 1000;
      if (!batch) return;
      queue.shift();
      fill();
      const samples = batch.filter((sample) => sample !== undefined);
      this.stats.images += samples.length;
      if (this.cache) this.stats.keptBytes = new ImageCache(this.cache).bytes;
      if (samples.length > 0) yield samples;
    }
  }

  async close(): Promise<void> {
    await this.source?.close();
    this.source = undefined;
  }
}

/** Whether worker threads can run the pipelines: user-defined transforms exist in their own thread only. */
const isPortable = (stages: readonly PipelineStage[]): boolean => stages.every(({ pipeline }) => pipeline.portable);

function checkOptions(
  { name, problems, records }: Dataset,
  stages: readonly PipelineStage[],
  { batchSize, prefetch, workers }: { batchSize: number; prefetch: number; workers?: number },
): void {
  if (!Number.isInteger(batchSize) || batchSize < 1)
    throw new DetLabError(`Cannot create a loader: expected batchSize >= 1, received ${batchSize}`);
  if (!Number.isInteger(prefetch) || prefetch < 1)
    throw new DetLabError(`Cannot create a loader: expected prefetch >= 1, received ${prefetch}`);
  if (records.length === 0)
    throw new DetLabError(
      `Cannot load from "${name}": it has no usable images. ${problemLines(problems).join('. ') || 'It lists none'}`,
    );
  if (workers && !isPortable(stages))
    throw new DetLabError(
      `Cannot run the pipeline in ${workers} worker threads: its user-defined transforms exist only in this thread. Use workers: 0`,
    );
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
