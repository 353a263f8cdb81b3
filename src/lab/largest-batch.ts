// `fit(data, { batch: 'auto' })`: the largest batch for which there is memory, found by real training steps on the largest images that
// the training pipeline gives. Each step is tried only when the ones before say that it fits, so the process is never in danger.

import { type BatchMemory, memoryPerImage, nextBatch } from '../analysis/batch-memory';
import { createLoader, type ImageRecord, type PackedSample } from '../data';
import { engine, startEngine } from '../engine';
import { type FreeMemory, freeMemory, releaseKept } from '../engine/free-memory';
import { DetLabError } from '../errors';
import { applyFreezing } from '../training/freezing';
import { TrialTraining } from '../training/trial-training';
import { notebook } from '../visualization/display';
import { buildModel, type RecipeSpec, resolveClasses } from './build-model';
import { catalogue } from './catalogue';
import { modulesAt, preprocessorOptions } from './config-access';
import type { LabDataset } from './lab-dataset';
import { drawsFromSources } from './multi-source-data';
import { processesOf } from './plan';
import { progressView } from './progress-view';
import type { TrainingData } from './training-data';
import { trainingInput } from './training-input';

/** Share of the free memory that is used: other images, evaluations and other programs need some too. */
const SHARE = { limit: 0.9, machine: 0.75 };
/** Larger batches than this are asked for by number. */
const MOST = 512;
/** Records that are looked at for the largest sample, and how often each is augmented. */
const PROBED = { records: 12, epochs: 3 };

export interface LargestBatchOptions {
  seed?: number;
  amp?: boolean;
  processes?: number;
  devices?: number[];
  signal?: AbortSignal;
}

/** What was found. */
export interface LargestBatch {
  batch: number;
  /** Bytes of one more image, and of what does not depend on the batch. */
  perImage: number;
  fixed: number;
  /** One line: the batch, the memory of an image, the size of the images, and what bounds it. */
  line: string;
}

const megabytes = (bytes: number): string => `${Math.round(bytes / 2 ** 20).toLocaleString('en')} MB`;

/** @throws DetLabError where the free memory is not known, one image does not fit, or Stop ends the search */
export async function largestBatch(
  spec: RecipeSpec,
  data: LabDataset,
  { devices, processes, ...options }: LargestBatchOptions,
): Promise<LargestBatch> {
  if (devices !== undefined)
    throw new DetLabError(
      "Cannot use batch: 'auto' with devices: each GPU has memory of its own. Find the batch on one of them, and give the number",
    );
  if (drawsFromSources(spec.config))
    throw new DetLabError(
      "Cannot use batch: 'auto' with images of several data sets in a batch: it tries batches of one image. Give the number",
    );
  await startEngine();
  releaseKept(engine());
  const free = budgetOf(processesOf({ processes }));
  const signal = options.signal ?? notebook()?.signal;
  const { plan, training } = await trainingInput(spec, data, { ...options, batch: 1 });
  requireImages(training);
  const samples = await largestSamples(training);
  const factor = largestResize(spec, samples);
  const detector = await buildModel(spec, resolveClasses(spec, data), plan.seed, undefined, { signal });
  const view = progressView(`largest batch of ${spec.name}`);
  const most = Math.min(MOST, training.dataset.records.length);
  const measured: BatchMemory[] = [];
  let overhead = 0; // of the first steps of all
  let trial: TrialTraining | undefined;
  try {
    // what is unfrozen in a later epoch needs its memory then
    for (const rule of spec.freezing)
      if (!rule.frozen && (rule.epoch ?? 1) > 1) applyFreezing(detector, [{ ...rule, epoch: 1 }], 1);
    trial = new TrialTraining(detector, { ...plan.optimWrapper, accumulative_counts: 1 }, catalogue, plan);
    trial.rate = 0; // losses that diverge would end the search
    const memoryOf = (batch: number): number => {
      const bytes = stepMemory(trial as TrialTraining, samples, batch, signal);
      if (bytes !== undefined) return bytes;
      throw new DetLabError(`The search for the largest batch of "${spec.name}" was interrupted`);
    };
    for (let batch = nextBatch(measured, free.bytes, most); batch !== undefined; ) {
      const bytes = memoryOf(batch);
      if (batch === 1) {
        overhead = Math.max(0, bytes - memoryOf(1));
        measured.push({ batch: 0, bytes: engine().memory().bytesInUse + overhead });
      }
      measured.push({ batch, bytes: bytes * factor + (batch === 1 ? 0 : overhead) });
      view.update(batch, most);
      batch = nextBatch(measured, free.bytes, most);
    }
  } finally {
    view.close();
    trial?.dispose();
    detector.dispose();
  }
  return outcome(spec, samples, { measured, free, most, factor });
}

/** @throws DetLabError where it is not known */
function budgetOf(processes: number): FreeMemory {
  const free = freeMemory(engine());
  if (!free)
    throw new DetLabError(
      `Cannot find the largest batch on the engine "${engine().description}": its free memory is not known. Give batch as a number`,
    );
  const share = engine().memoryLimit === undefined ? SHARE.machine : SHARE.limit;
  const of = `${Math.round(100 * share)}% of ${free.of}${processes > 1 ? `, for each of ${processes} processes` : ''}`;
  return { bytes: (share * free.bytes) / processes, of };
}

/** @throws DetLabError where more than one image of a batch is drawn at once */
function requireImages({ order: { triplets, videos } }: TrainingData): void {
  const drawn = triplets
    ? `triplet_sampler draws ${triplets.numIds} x ${triplets.perId} images for each of a batch. Give the number, or fewer num_ids`
    : videos
      ? 'frames of a video are drawn together. Give the number'
      : undefined;
  if (drawn) throw new DetLabError(`Cannot use batch: 'auto': ${drawn}`);
}

/** The largest of some samples by area, height, width and objects: what the batches of an epoch can be made of. */
async function largestSamples({ dataset, order, stages }: TrainingData): Promise<PackedSample[]> {
  const by = (value: (record: ImageRecord) => number) =>
    [...dataset.records].sort((a, b) => value(b) - value(a)).slice(0, PROBED.records / 4);
  const records = new Set([
    ...by(({ width, height }) => width * height),
    ...by(({ width, height }) => height / width),
    ...by(({ width, height }) => width / height),
    ...by(({ truths }) => truths.labels.length),
  ]);
  const probed = { ...dataset, records: [...records] };
  // whatever their order in an epoch
  const inTurn = { classAware: undefined, sampleSizes: undefined, multiSource: undefined, shard: undefined };
  const plain = { ...order, ...inTurn, endless: false, batchSize: 1 };
  const loader = createLoader(probed, stages, { ...plain, workers: 0, prefetch: 1 });
  const samples: PackedSample[] = [];
  try {
    for (let epoch = 0; epoch < PROBED.epochs; epoch++)
      for await (const [sample] of loader.epoch(epoch)) samples.push(sample);
  } finally {
    await loader.close();
  }
  const largest = (value: (sample: PackedSample) => number) =>
    samples.reduce((best, sample) => (value(sample) > value(best) ? sample : best), samples[0]);
  const area = largest(({ image }) => image.width * image.height);
  // images of both orientations are in one batch unless they are grouped
  const sides = order.aspectRatioGrouping
    ? []
    : [largest(({ image }) => image.height), largest(({ image }) => image.width)];
  return [...new Set([area, ...sides, largest(({ truths }) => truths.labels.length)])];
}

/** How much more than the samples the preprocessor may make of them: it resizes batches at random (YOLOX, RTMDet). */
function largestResize({ config }: RecipeSpec, [{ image }]: readonly PackedSample[]): number {
  const ranges = modulesAt(preprocessorOptions(config), 'batch_augments').flatMap(
    ({ random_size_range: range, size_divisor: step }) =>
      Array.isArray(range) ? [Math.ceil(Number(range[1]) / Number(step ?? 32)) * Number(step ?? 32)] : [],
  );
  return Math.max(1, ...ranges.map((side) => (side * side) / (image.width * image.height)));
}

/** The most that is in use during two steps: the first makes the state of the optimizer. Undefined when Stop ended it. */
function stepMemory(
  trial: TrialTraining,
  samples: readonly PackedSample[],
  batch: number,
  signal: AbortSignal | undefined,
): number | undefined {
  const images = Array.from({ length: batch }, (_, i) => samples[i % samples.length]);
  releaseKept(engine());
  engine().resetPeak();
  for (let i = 0; i < 2; i++) if (signal?.aborted || !trial.step(images, signal)) return undefined;
  const { bytesCached, bytesInUse, bytesPeak } = engine().memory();
  // without a limit, what is kept for the next step is taken too
  return engine().memoryLimit === undefined ? Math.max(bytesPeak, bytesInUse + bytesCached) : bytesPeak;
}

function outcome(
  { name }: RecipeSpec,
  samples: readonly PackedSample[],
  {
    factor,
    free,
    measured,
    most,
  }: { measured: readonly BatchMemory[]; free: FreeMemory; most: number; factor: number },
): LargestBatch {
  const fitting = measured.filter(({ batch, bytes }) => batch > 0 && bytes <= free.bytes);
  const { fixed, perImage } = memoryPerImage(measured);
  const last = fitting.sort((a, b) => a.batch - b.batch).at(-1);
  if (!last)
    throw new DetLabError(
      `Cannot train "${name}": a batch of one image takes ${megabytes(measured[1].bytes)}, more than the ${megabytes(free.bytes)} ` +
        `that there are (${free.of}). Use smaller images (imageSize), amp: true or a smaller model`,
    );
  const width = Math.max(...samples.map(({ image }) => image.width));
  const height = Math.max(...samples.map(({ image }) => image.height));
  const bound =
    last.batch === most
      ? most === MOST
        ? `the most that is tried is ${MOST}`
        : `there are ${most} training images`
      : `${megabytes(free.bytes)} are used: ${free.of}`;
  const resized = factor > 1 ? `, resized to ${factor.toFixed(2)} times as many pixels` : '';
  return {
    batch: last.batch,
    perImage,
    fixed,
    line:
      `batch: ${last.batch} (auto): ${megabytes(perImage)} for each image of ${width} x ${height}${resized}, ${megabytes(fixed)} ` +
      `besides; ${bound}`,
  };
}
