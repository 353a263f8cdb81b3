// The loader on generated images: order, resuming, broken images, workers, interrupts, threads that end.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { defineModule, Registry } from '../../src/catalogue/registry';
import { createLoader, evaluationLoader, type LoaderOptions } from '../../src/data/loader';
import { batchOrder, imagesOf } from '../../src/data/loading/batch-order';
import { buildPipeline } from '../../src/data/pipeline';
import { TRANSFORMS } from '../../src/data/transforms';
import type { Transform } from '../../src/data/transforms/sample';
import type { Dataset, PackedSample } from '../../src/data/types';
import { stripedImages } from './striped-images';

const TRAIN = [
  { type: 'LoadImageFromFile' },
  { type: 'LoadAnnotations', with_bbox: true },
  { type: 'Resize', scale: [40, 40], keep_ratio: true },
  { type: 'RandomFlip', prob: 0.5 },
  { type: 'PackDetInputs' },
];
let folder: string;
let dataset: Dataset;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'detlab-loader-'));
  dataset = await stripedImages(folder, 22, [2, 3, 10, 12], (i) => [i % 2]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const asText = (samples: PackedSample[]) =>
  samples.map(({ image, meta, truths }) => ({
    id: meta.imgId,
    flip: meta.flip,
    boxes: [...truths.bboxes],
    sum: (image.data as Uint8Array).reduce((sum, v, i) => (sum + v * (i % 251)) % 1e9, 0),
  }));

async function collect(options: LoaderOptions, epoch = 0, start = 0, of = dataset) {
  const loader = createLoader(of, buildPipeline(TRAIN), options);
  const batches = [];
  for await (const batch of loader.epoch(epoch, { start })) batches.push(asText(batch));
  await loader.close();
  return { batches, stats: loader.stats, length: loader.length };
}

describe('decoded images', () => {
  const options = { batchSize: 4, shuffle: true, seed: 3 };
  it.each([0, 2])(
    'are kept up to a number of bytes, and the samples are the same, with %d workers',
    async (workers) => {
      const loader = createLoader(dataset, buildPipeline(TRAIN), { ...options, workers, imageCache: 20_000 });
      for (const epoch of [0, 1]) {
        const batches = [];
        for await (const batch of loader.epoch(epoch)) batches.push(asText(batch));
        expect(batches).toEqual((await collect({ ...options, workers: 0 }, epoch)).batches);
      }
      expect(loader.stats.keptBytes).toBeGreaterThan(5_000);
      expect(loader.stats.keptBytes).toBeLessThanOrEqual(20_000);
      await loader.close();
    },
  );
});

it('adds threads while batches are waited for', async () => {
  const repeated = { ...dataset, records: Array.from({ length: 6 }, () => dataset.records).flat() };
  const loader = createLoader(repeated, buildPipeline(TRAIN), { batchSize: 2, workers: 1, mostWorkers: 2 });
  let images = 0;
  for await (const batch of loader.epoch(0)) images += batch.length;
  expect(loader.workers).toBe(2);
  expect(images).toBe(loader.stats.images);
  await loader.close();
});

describe('order', () => {
  const order = { batchSize: 4, shuffle: true, seed: 3, aspectRatioGrouping: true, dropLast: false };
  it('puts every image into exactly one batch, upright ones together but for the rest', () => {
    const batches = batchOrder(imagesOf(dataset.records), 0, order);
    expect(batches.flat().sort((a, b) => a - b)).toEqual(dataset.records.map((_, i) => i));
    expect(batches.length).toBe(6);
    const upright = (i: number) => dataset.records[i].width < dataset.records[i].height;
    const mixed = batches.filter((batch) => new Set(batch.map(upright)).size > 1);
    expect(mixed.length).toBeLessThanOrEqual(1);
  });
  it('changes with the epoch and the seed, and drops a short last batch when asked', () => {
    expect(batchOrder(imagesOf(dataset.records), 1, order)).not.toEqual(
      batchOrder(imagesOf(dataset.records), 0, order),
    );
    expect(batchOrder(imagesOf(dataset.records), 0, { ...order, seed: 4 })).not.toEqual(
      batchOrder(imagesOf(dataset.records), 0, order),
    );
    const full = batchOrder(imagesOf(dataset.records), 0, { ...order, dropLast: true });
    expect(full.map((batch) => batch.length)).toEqual([4, 4, 4, 4, 4]);
  });
});

describe('loader', () => {
  it('gives the same samples in this thread and with 1 or 3 workers', async () => {
    const options = { batchSize: 4, shuffle: true, seed: 5, aspectRatioGrouping: true };
    const here = await collect({ ...options, workers: 0 }, 2);
    expect(here.batches.flat().length).toBe(22);
    expect(here.batches.flat().some((s) => s.flip)).toBe(true);
    expect(here.batches.flat().some((s) => !s.flip)).toBe(true);
    expect((await collect({ ...options, workers: 1 }, 2)).batches).toEqual(here.batches);
    expect((await collect({ ...options, workers: 3, prefetch: 1 }, 2)).batches).toEqual(here.batches);
    expect(here.stats.images).toBe(22);
    expect(here.stats.decodeSeconds).toBeGreaterThan(0);
  });

  it('resumes in the middle of an epoch with the same samples', async () => {
    const whole = await collect({ batchSize: 4, shuffle: true, seed: 5, workers: 0 }, 1);
    const rest = await collect({ batchSize: 4, shuffle: true, seed: 5, workers: 0 }, 1, 3);
    expect(rest.batches).toEqual(whole.batches.slice(3));
  });

  it('replaces broken images in training and leaves them out of evaluation, reporting each once', async () => {
    const truncated = path.join(folder, 'truncated.jpg');
    const jpeg = await sharp(dataset.records[1].path).resize(64, 64).jpeg().toBuffer();
    writeFileSync(truncated, jpeg.subarray(0, jpeg.length - 200));
    const records = dataset.records.map((record, i) => {
      if (i === 4) return { ...record, path: truncated };
      if (i === 9) return { ...record, path: path.join(folder, 'absent.jpg') };
      if (i === 12)
        return { ...record, truths: { ...record.truths, bboxes: record.truths.bboxes.map(() => Number.NaN) } };
      return record;
    });
    const broken: Dataset = { ...dataset, records };
    const train = await collect({ batchSize: 4, shuffle: true, seed: 5, workers: 1 }, 0, 0, broken);
    expect(train.batches.flat().length).toBe(22);
    expect(train.batches.flat().every(({ id }) => id !== 4 && id !== 9 && id !== 12)).toBe(true);
    expect(train.stats.failures.map(({ kind }) => kind).sort()).toEqual([
      'bad-annotation',
      'missing-image',
      'unreadable-image',
    ]);

    const seen: string[] = [];
    const loader = evaluationLoader(broken, buildPipeline(TRAIN), {
      batchSize: 4,
      workers: 0,
      onProblem: (problem) => seen.push(`${problem.kind} ${problem.id} ${path.basename(problem.file)}`),
    });
    const ids: number[] = [];
    for (let epoch = 0; epoch < 2; epoch++)
      for await (const batch of loader.epoch(epoch)) ids.push(...batch.map(({ meta }) => meta.imgId));
    expect(ids.length).toBe(38);
    expect(ids.slice(0, 5)).toEqual([0, 1, 2, 3, 5]);
    const twelfth = path.basename(records[12].path);
    expect(seen.sort()).toEqual([
      `bad-annotation 12 ${twelfth}`,
      'missing-image 9 absent.jpg',
      'unreadable-image 4 truncated.jpg',
    ]);
  });

  it('ends quickly and quietly when aborted, also while waiting', async () => {
    const slow = defineModule({
      kind: 'transform',
      type: 'Slow',
      summary: 'Waits',
      example: "{ type: 'Slow' }",
      options: z.strictObject({}),
      build: (): Transform => async (sample) => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        return sample;
      },
    });
    const registry = new Registry([...TRANSFORMS, slow]);
    const pipeline = buildPipeline([TRAIN[0], { type: 'Slow' }, TRAIN[4]], registry);
    expect(pipeline.portable).toBe(false);
    const loader = createLoader(dataset, pipeline, { batchSize: 8 });
    expect(loader.workers).toBe(0);
    const abort = new AbortController();
    setTimeout(() => abort.abort(), 50);
    const since = performance.now();
    let batches = 0;
    for await (const _ of loader.epoch(0, { signal: abort.signal })) batches++;
    expect(batches).toBe(0);
    expect(performance.now() - since).toBeLessThan(280);
    await loader.close();
    expect(() => createLoader(dataset, pipeline, { batchSize: 8, workers: 2 })).toThrow(/workers: 0/);
  });

  it('passes an error of a transform on, naming it', async () => {
    const loader = createLoader(dataset, buildPipeline([{ type: 'RandomFlip', prob: 1 }, { type: 'PackDetInputs' }]), {
      batchSize: 2,
      workers: 1,
    });
    await expect(loader.epoch(0).next()).rejects.toThrow(/LoadImageFromFile/);
    await loader.close();
  });

  it('prepares batches while the consumer blocks its thread', async () => {
    const loader = createLoader(dataset, buildPipeline(TRAIN), { batchSize: 2, workers: 1, prefetch: 4 });
    const epoch = loader.epoch(0);
    await epoch.next();
    const before = loader.stats.waitSeconds;
    for (let i = 0; i < 6; i++) {
      const until = performance.now() + 60;
      while (performance.now() < until);
      await epoch.next();
    }
    expect(loader.stats.waitSeconds - before).toBeLessThan(0.12);
    await epoch.return();
    await loader.close();
  });

  it('does not keep the process alive, nor crash it, when it is abandoned in the middle of an epoch', () => {
    const preload = path.join(__dirname, '../typescript-require.cjs');
    const script = path.join(folder, 'abandon.cjs');
    writeFileSync(script, abandonScript(dataset.records[0].path));
    for (const ending of ['fall off the end', 'exit']) {
      const out = execFileSync(process.execPath, ['-r', preload, script, ending], {
        encoding: 'utf8',
        timeout: 30_000,
      });
      expect(out.trim()).toBe('got a batch of 2');
    }
  });

  it.each([0, 1])(
    'reports once, with %i workers, an image that is not as large as annotated, and uses it',
    async (workers) => {
      const records = dataset.records.slice(0, 4).map((record, i) => (i === 1 ? { ...record, width: 7 } : record));
      const problems: string[] = [];
      const loader = createLoader({ ...dataset, records }, buildPipeline(TRAIN), {
        batchSize: 2,
        workers,
        onProblem: ({ kind, id }) => problems.push(`${kind} ${id}`),
      });
      for (const epoch of [0, 1]) for await (const batch of loader.epoch(epoch)) expect(batch.length).toBe(2);
      await loader.close();
      expect(problems).toEqual([`image-size ${records[1].id}`]);
      expect(loader.stats.failures.map(({ message }) => message)).toEqual([
        expect.stringMatching(/its annotation says 7 x/),
      ]);
    },
  );

  it('rejects an empty dataset in words', () => {
    expect(() => createLoader({ ...dataset, records: [] }, buildPipeline(TRAIN), { batchSize: 2 })).toThrow(
      /no usable images/,
    );
  });
});

/** A plain program that takes one batch of 300 large ones, with two threads, and ends without closing anything. */
function abandonScript(image: string): string {
  const source = path.join(__dirname, '../../src/data');
  return `
const { createLoader } = require(${JSON.stringify(path.join(source, 'loader.ts'))});
const { buildPipeline } = require(${JSON.stringify(path.join(source, 'pipeline.ts'))});
const truths = { bboxes: new Float32Array(0), labels: new Int32Array(0), ignored: new Uint8Array(0) };
const records = Array.from({ length: 600 }, (_, id) => (
  { id, path: ${JSON.stringify(image)}, width: 24, height: 32, truths, areas: new Float32Array(0), annotationIds: [] }));
const pipeline = buildPipeline([{ type: 'LoadImageFromFile' }, { type: 'Resize', scale: [900, 900] }, { type: 'PackDetInputs' }]);
(async () => {
  const loader = createLoader({ name: 'x', classes: [], records, problems: [] }, pipeline, { batchSize: 2, workers: 2, prefetch: 8 });
  const { value } = await loader.epoch(0).next();
  console.log('got a batch of ' + value.length);
  if (process.argv[2] === 'exit') process.exit(0);
})();
`;
}
