// Detections of the images of a source, in its order: images of one padded size share a batch, so that the results are those of
// each alone; the next are read while the network works on these.

import type { ConfigObject } from '../../config';
import {
  type Detections,
  isProblem,
  type OpenedSource,
  type PackedSample,
  type PixelImage,
  type SourceImage,
  type SourceProblem,
} from '../../data';
import type { Precision } from '../../engine';
import { interruptible } from '../../engine/interruption';
import { DetLabError } from '../../errors';
import type { Detector } from '../../models/types';
import type { TextPrompt } from '../../text/prompts';
import { numberAt, preprocessorOptions } from '../config-access';
import { type TestSampler, testSampler } from '../test-sample';
import { idsThatGoOn, withoutIds } from './clips';
import { detect, type ImageDetector } from './detect';

export interface DetectedImage {
  image: SourceImage;
  width: number;
  height: number;
  /** Of a single image; those of many are read again when they are looked at. */
  pixels?: PixelImage;
  again(): Promise<PixelImage>;
  detections: Detections;
}

export interface DetectOptions {
  batch: number;
  precision?: Precision;
  signal?: AbortSignal;
  /** What a detector on text is to find. */
  prompt?: TextPrompt;
  /** Images that go through the network together are frames of a clip, with ids that go on from those of the clip before. */
  clips?: boolean;
}

/** Images that are read but wait for others of their size, at most, in batches. */
const WAITING_BATCHES = 4;
/** Images that are read while the network works. */
const AHEAD = 2;

type Waiting = SourceProblem | (Omit<DetectedImage, 'detections'> & { sample?: PackedSample; detections?: Detections });

/**
 * What is read and cannot be used, is given as a problem in its place. An error of the network on the first images is thrown: it
 * would be the same on all.
 */
export async function* detectImages(
  network: { detector: Detector; config: ConfigObject },
  source: OpenedSource,
  { batch, precision, signal, prompt, clips = false }: DetectOptions,
): AsyncGenerator<DetectedImage | SourceProblem> {
  const { detector, config } = network;
  const sizeKey = paddedSize(config);
  const waiting: Waiting[] = [];
  let isProven = false;
  const numbered = clips ? idsThatGoOn() : withoutIds;
  detector.eval();
  /** @returns false when Stop has ended it */
  const run = (group: readonly Exclude<Waiting, SourceProblem>[]): boolean => {
    try {
      const found = interruptible(signal, () =>
        detect(
          detector,
          group.map(({ sample }) => (prompt ? { ...sample!, prompt } : sample!)),
          precision,
        ),
      );
      if (!found) return false;
      const detections = numbered(found);
      for (const [i, one] of group.entries()) Object.assign(one, { detections: detections[i], sample: undefined });
      isProven = true;
      return true;
    } catch (error) {
      if (group.length > 1) return group.every((one) => run([one]));
      if (!isProven) throw error;
      const [{ image }] = group;
      waiting[waiting.indexOf(group[0])] = {
        name: image.name,
        message: `Cannot predict on "${image.name}": ${(error as Error).message}`,
      };
      return true;
    }
  };
  function* finished(): Generator<DetectedImage | SourceProblem> {
    while (waiting.length > 0) {
      const [first] = waiting;
      if (!isProblem(first) && !first.detections) return;
      waiting.shift();
      yield first as DetectedImage | SourceProblem;
    }
  }
  for await (const one of prepared(source, testSampler(config), signal)) {
    waiting.push(one);
    const group = fullGroup(waiting, sizeKey, batch);
    if (group && !run(group)) return;
    yield* finished();
    if (signal?.aborted) return;
  }
  for (
    let group = oldestGroup(waiting, sizeKey, batch);
    group && !signal?.aborted;
    group = oldestGroup(waiting, sizeKey, batch)
  ) {
    if (!run(group)) return;
    yield* finished();
  }
  yield* finished();
}

/**
 * The same image by image, for detections that are made of several passes (views, tiles, models).
 *
 * @param detectImage may be stopped between its passes alone
 */
export async function* detectEach(
  detectImage: ImageDetector,
  source: OpenedSource,
  signal?: AbortSignal,
): AsyncGenerator<DetectedImage | SourceProblem> {
  let isProven = false;
  for await (const one of prepared(source, undefined, signal)) {
    if (isProblem(one)) {
      yield one;
      continue;
    }
    const { pixels, ...rest } = one;
    const { name } = one.image;
    try {
      const detections = await detectImage(pixels!, name);
      isProven = true;
      yield { ...rest, ...(source.kind === 'image' && { pixels }), detections };
    } catch (error) {
      if (!isProven) throw error;
      yield { name, message: `Cannot predict on "${name}": ${(error as Error).message}` };
    }
    if (signal?.aborted) return;
  }
}

type SizeKey = (sample: PackedSample) => string;

/** The size to which the data preprocessor pads an image alone. */
function paddedSize(config: ConfigObject): SizeKey {
  const divisor = numberAt(preprocessorOptions(config), 'pad_size_divisor') ?? 1;
  const padded = (side: number) => Math.ceil(side / divisor) * divisor;
  return ({ image: { width, height } }) => `${padded(height)} ${padded(width)}`;
}

type Pending = Exclude<Waiting, SourceProblem> & { sample: PackedSample };

const pendingOf = (waiting: readonly Waiting[]): Pending[] =>
  waiting.filter((one): one is Pending => !isProblem(one) && one.sample !== undefined);

/** A whole batch of one size; that of the oldest image where too many wait. */
function fullGroup(waiting: readonly Waiting[], sizeKey: SizeKey, batch: number): Pending[] | undefined {
  const pending = pendingOf(waiting);
  const last = pending.at(-1);
  if (!last) return undefined;
  const same = pending.filter(({ sample }) => sizeKey(sample) === sizeKey(last.sample));
  if (same.length >= batch) return same;
  return pending.length >= WAITING_BATCHES * batch ? oldestGroup(waiting, sizeKey, batch) : undefined;
}

function oldestGroup(waiting: readonly Waiting[], sizeKey: SizeKey, batch: number): Pending[] | undefined {
  const pending = pendingOf(waiting);
  if (pending.length === 0) return undefined;
  return pending.filter(({ sample }) => sizeKey(sample) === sizeKey(pending[0].sample)).slice(0, batch);
}

/** Images through the pipeline, in order, a few ahead of the one that is used. */
async function* prepared(
  source: OpenedSource,
  sampler: TestSampler | undefined,
  signal?: AbortSignal,
): AsyncGenerator<Waiting> {
  const images = source.images[Symbol.asyncIterator]();
  let stop = () => {};
  const stopped = new Promise<undefined>((resolve) => {
    stop = () => resolve(undefined);
  });
  signal?.addEventListener('abort', stop);
  const queue: Promise<Waiting | Error | undefined>[] = [];
  let chain: Promise<unknown> = Promise.resolve();
  // the images of a source come one after the other; reading them overlaps
  const next = (): Promise<Waiting | Error | undefined> => {
    const step = chain.then(() => images.next());
    chain = step;
    return step.then(
      ({ done, value }) =>
        done ? undefined : isProblem(value) ? value : prepare(value, source.kind === 'image', sampler, signal),
      (error: Error) => error,
    );
  };
  try {
    while (!signal?.aborted) {
      while (queue.length <= AHEAD) queue.push(next());
      const one = await Promise.race([queue.shift()!, stopped]);
      if (one === undefined || signal?.aborted) return;
      if (one instanceof Error) throw one;
      yield one;
    }
  } finally {
    signal?.removeEventListener('abort', stop);
    // not awaited: a source that gives nothing would not end
    void images.return?.().catch(() => {});
  }
}

async function prepare(
  image: SourceImage,
  isKept: boolean,
  sampler: TestSampler | undefined,
  signal?: AbortSignal,
): Promise<Waiting | Error> {
  const { name, file } = image;
  try {
    const { pixels, again } = await image.read(signal);
    const { width, height } = pixels;
    return {
      image,
      width,
      height,
      ...((isKept || !sampler) && { pixels }),
      again,
      sample: await sampler?.(pixels, name),
    };
  } catch (error) {
    return error instanceof DetLabError
      ? { name, message: error.message, ...(file !== undefined && { file }) }
      : (error as Error);
  }
}
