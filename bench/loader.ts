// Images per second of the loader alone, and the share of time that a training loop would spend waiting for it:
// toytown at its own size, and photographs (a VOC folder, when given) at 320x240 and at 1333x800.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { buildPipeline, createLoader, type Dataset, loadToytown, loadVoc } from '../src/data';
import { packageRoot } from '../src/paths';

export interface LoaderBench {
  what: string;
  workers: number;
  imagesPerSecond: number;
  /** Milliseconds from reading an image to having it packed (a thread has two images in hand at a time). */
  millisecondsPerImage: number;
  /** Share of a loop's time spent waiting, when every batch is followed by `stepSeconds` of blocking work. */
  waitShare: number;
  stepSeconds: number;
}

export interface LoaderBenchOptions {
  /** Where toytown is kept. */
  dir?: string;
  /** A data set of photographs, e.g. `await loadVoc('data/bccd')`. */
  photographs?: Dataset;
  /** Seconds a training step of the consumer blocks its thread; default 0.25 at 320x240, 1 at 1333x800 (batch 4 and 2). */
  seconds?: number;
  workers?: number;
}

/** Runs every case for about `seconds` (default 4) each. */
export async function benchLoader(options: LoaderBenchOptions = {}): Promise<LoaderBench[]> {
  const { train } = await loadToytown({ images: 120, seed: 0, dir: options.dir });
  const cases: [string, Dataset, [number, number], number, number][] = [
    ['toytown 320x240', train, [320, 240], 4, 0.25],
    ['toytown at 1333x800', train, [1333, 800], 2, 1],
  ];
  if (options.photographs) {
    const { name } = options.photographs;
    cases.push([`${name} at 320x240`, options.photographs, [320, 240], 4, 0.25]);
    cases.push([`${name} at 1333x800`, options.photographs, [1333, 800], 2, 1]);
  }
  const results: LoaderBench[] = [];
  for (const [what, dataset, scale, batchSize, stepSeconds] of cases) {
    const pipeline = buildPipeline([
      { type: 'LoadImageFromFile' },
      { type: 'LoadAnnotations', with_bbox: true },
      { type: 'Resize', scale, keep_ratio: true },
      { type: 'RandomFlip', prob: 0.5 },
      { type: 'PackDetInputs' },
    ]);
    const loader = createLoader(dataset, pipeline, {
      batchSize,
      shuffle: true,
      aspectRatioGrouping: true,
      workers: options.workers ?? 1,
    });
    const seconds = options.seconds ?? 4;
    const free = await drain(loader, seconds, 0);
    const busy = await drain(loader, Math.max(seconds, 6 * stepSeconds), stepSeconds);
    await loader.close();
    results.push({
      what,
      workers: loader.workers,
      imagesPerSecond: free.images / free.seconds,
      millisecondsPerImage: (1000 * free.work) / free.images,
      waitShare: busy.wait / busy.seconds,
      stepSeconds,
    });
  }
  return results;
}

/** The bench as lines of text; photographs are the VOC folder in `DETLAB_BENCH_VOC`, or blood cells beside the repository. */
export async function measureLoaders(): Promise<string[]> {
  const folder = process.env.DETLAB_BENCH_VOC ?? path.join(packageRoot, '../shared/data/bccd');
  const photographs = existsSync(folder) ? await loadVoc(folder) : undefined;
  const rows = await benchLoader({ dir: path.join(packageRoot, 'runs/data'), photographs });
  const lines = rows.map(
    (row) =>
      `loader, ${row.what}: ${row.imagesPerSecond.toFixed(0)} images/s with ${row.workers} thread, ` +
      `waiting ${(100 * row.waitShare).toFixed(1)}% of the time behind steps of ${row.stepSeconds} s`,
  );
  return photographs
    ? lines
    : [...lines, `loader, photographs: skipped, no VOC folder at ${folder} (DETLAB_BENCH_VOC)`];
}

/** Takes batches for `seconds`, blocking the thread for `step` seconds after each. The first batch is not counted. */
async function drain(loader: ReturnType<typeof createLoader>, seconds: number, step: number) {
  const { stats } = loader;
  let since = 0;
  let before = { ...stats };
  for (let epoch = 0; ; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      if (since === 0) {
        since = performance.now();
        before = { ...stats };
        continue;
      }
      if (batch.length > 0) block(step);
      const passed = (performance.now() - since) / 1000;
      if (passed > seconds)
        return {
          seconds: passed,
          images: stats.images - before.images,
          wait: stats.waitSeconds - before.waitSeconds,
          work: stats.decodeSeconds - before.decodeSeconds,
        };
    }
}

function block(seconds: number): void {
  const until = performance.now() + 1000 * seconds;
  while (performance.now() < until);
}
