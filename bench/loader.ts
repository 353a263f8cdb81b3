// Images per second of the loader alone, and the share of time that a training loop would wait for it: toytown and, if a
// VOC folder is given, photographs, at 320x240 and 1333x800.

import { existsSync } from 'node:fs';
import path from 'node:path';
import { buildPipeline, createLoader, type Dataset, loadToytown, loadVoc } from '../src/data';
import { packageRoot } from '../src/paths';

export interface LoaderBench {
  what: string;
  workers: number;
  imagesPerSecond: number;
  /** Milliseconds from reading an image to its packed sample (a thread processes two images at a time). */
  millisecondsPerImage: number;
  /** Share of a loop's time spent waiting when every batch is followed by `stepSeconds` of blocking work. */
  waitShare: number;
  stepSeconds: number;
}

export interface LoaderBenchOptions {
  /** Folder of toytown. */
  dir?: string;
  /** A dataset of photographs, such as `await loadVoc('data/bccd')`. */
  photographs?: Dataset;
  /** Minimum duration of each measurement; 4 by default. */
  seconds?: number;
  workers?: number;
}

/** Measures every case for about `seconds`. */
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

/** The results as lines of text; photographs are in `DETLAB_BENCH_VOC`, by default BCCD next to the repository. */
export async function measureLoaders(): Promise<string[]> {
  const folder = process.env.DETLAB_BENCH_VOC ?? path.join(packageRoot, '../shared/data/bccd');
  const photographs = existsSync(folder) ? await loadVoc(folder) : undefined;
  const rows = await benchLoader({ dir: path.join(packageRoot, 'runs/data'), photographs });
  const lines = rows.map(
    (row) =>
      `loader, ${row.what}: ${row.imagesPerSecond.toFixed(0)} images/s with ${row.workers} thread, ` +
      `waiting ${(100 * row.waitShare).toFixed(1)}% of the time with steps of ${row.stepSeconds} s`,
  );
  return photographs
    ? lines
    : [...lines, `loader, photographs: skipped, no VOC folder at ${folder} (DETLAB_BENCH_VOC)`];
}

/** Consumes batches for `seconds`, blocking the thread for `step` seconds after each. The first batch is not counted. */
async function drain(loader: ReturnType<typeof createLoader>, seconds: number, step: number) {
  const { stats } = loader;
  let started = 0;
  let before = { ...stats };
  for (let epoch = 0; ; epoch++)
    for await (const batch of loader.epoch(epoch)) {
      if (started === 0) {
        started = performance.now();
        before = { ...stats };
        continue;
      }
      if (batch.length > 0) block(step);
      const elapsed = (performance.now() - started) / 1000;
      if (elapsed > seconds)
        return {
          seconds: elapsed,
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
