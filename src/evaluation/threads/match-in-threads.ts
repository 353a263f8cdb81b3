// Matches the masks of a results file on several threads, of which the calling one is the first. Image by image the matches are
// those of one thread, bit for bit, in the order of the images.

import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { AREA_RANGES } from '../coco-matching';
import type { ImageMatcher, MatchedImage } from '../image-matching';
import type { BoxDetections } from '../report';
import { type MatchJob, matchClaimed } from './match-claimed';
import { emptyMatches, matchAt } from './matched-images';
import { commonTexts, type FoundInImage, packImages } from './packed-images';

export interface ThreadOptions {
  /** With the calling one; default: one for each processor, 8 at most. */
  threads?: number;
  /** Bytes of masks from which threads are started: they take 30 ms of the processor to start. Default 16 MiB. */
  from?: number;
}

const FEW_BYTES = 16 * 2 ** 20;
const MOST_THREADS = 8;

/**
 * @param found the detections of each image
 * @param images the same, with the ground truth; asked for where threads are used
 * @param record receives the matches, in the order of the images
 * @returns false, before `images` is asked for: one thread is enough, or not all masks lie in one file's bytes
 * @throws DetLabError for the first image with a mask that cannot be read
 */
export async function matchInThreads(
  found: readonly { detections: BoxDetections }[],
  images: () => readonly FoundInImage[],
  matcher: ImageMatcher,
  record: (image: number, match: MatchedImage) => void,
  { threads = Math.min(availableParallelism(), MOST_THREADS), from = FEW_BYTES }: ThreadOptions = {},
): Promise<boolean> {
  if (threads < 2) return false;
  const common = commonTexts(found);
  if (!common || common.length < from) return false;
  const list = images();
  const workers = Array.from({ length: Math.min(threads, list.length) - 1 }, startThread);
  const ended = workers.map(whenEnded);
  const packed = packImages(list, common.texts);
  const { overlaps: _, ...options } = matcher.options;
  const ranges = (options.ranges ?? AREA_RANGES).length;
  const matched = emptyMatches(packed, ranges);
  const job: MatchJob = { packed, matched, options, ranges, control: new Int32Array(new SharedArrayBuffer(8)) };
  for (const worker of workers) worker.postMessage(job);
  matchClaimed(job);
  await Promise.all(ended);
  // an image that no thread has matched cannot be, or its thread has failed
  for (const [i, { truths, detections }] of list.entries())
    record(i, matchAt(matched, packed, i, ranges) ?? matcher.match(truths, detections));
  return true;
}

/** Without compiled code (in tests) the thread compiles the sources as its process does, by what `--require` preloads. */
function startThread(): Worker {
  const compiled = path.join(__dirname, 'match-thread.js');
  return new Worker(existsSync(compiled) ? compiled : path.join(__dirname, 'match-thread.ts'));
}

/** Resolves when the thread is done, whatever became of it: what it leaves undone is done by the calling one. */
function whenEnded(worker: Worker): Promise<void> {
  return new Promise((resolve) => {
    worker.once('message', () => resolve());
    worker.once('error', () => resolve());
    worker.once('exit', () => resolve());
  });
}
