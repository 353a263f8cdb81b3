// DetVisualizationHook draws the evaluator's own detections: files of the vis_backends in a run, a gallery in a notebook.

import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import { type LabDataset, startEngine } from '../../src';
import { findRelatedSettings } from '../../src/catalogue/related-settings';
import type { ConfigObject } from '../../src/config';
import type { EvaluationResults } from '../../src/evaluation';
import { catalogue } from '../../src/lab/catalogue';
import { DetVisualizationHook } from '../../src/lab/det-visualization-hook';
import { EvaluationDrawings } from '../../src/lab/evaluation-drawings';
import type { MimeBundle } from '../../src/visualization/display';
import type { LiveImages } from '../../src/visualization/live-images';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(join(tmpdir(), 'detlab-drawn-'));
let data: LabDataset;
beforeAll(async () => {
  await startEngine({ threads: 1 });
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

const NOTEBOOK = Symbol.for('detlab.notebook');
const shared = globalThis as Record<symbol, unknown>;
afterEach(() => {
  delete shared[NOTEBOOK];
});

const hookOf = (given: Record<string, unknown>) =>
  catalogue.build(
    'hook',
    { type: 'DetVisualizationHook', draw: true, ...given },
    { path: 'h' },
  ) as DetVisualizationHook;

/** Results of an evaluation with a detection of a high score and one of a low score in every image. */
const resultsOf = ({ val }: LabDataset): EvaluationResults => ({
  dataset: val!,
  images: val!.records.map((record) => ({
    imageId: record.id,
    record,
    detections: {
      bboxes: Float32Array.of(10, 10, 50, 40, 0, 0, 9, 9),
      scores: Float32Array.of(0.9, 0.2),
      labels: Int32Array.of(1, 0),
    },
  })),
  metric: {} as EvaluationResults['metric'],
});

test('a run writes truths and predictions where MMDetection does, for every backend', async () => {
  const workDir = join(folder, 'run');
  const backends: ConfigObject[] = [
    { type: 'LocalVisBackend', img_save_dir: 'seen' },
    { type: 'TensorboardVisBackend' },
    { type: 'MLflowVisBackend' },
  ];
  const recipe = small().set({
    'visualizer.vis_backends': backends,
    'default_hooks.visualization': { type: 'DetVisualizationHook', draw: true, interval: 2 },
    'val_dataloader.batch_size': 1,
  });
  const run = await recipe.fit(data.take(4), { ...quick, epochs: 1, batch: 1, workers: 0, workDir });
  run.model.dispose();
  // 4 iterations, then 3 images of one batch each: their numbers are 4, 5, 6
  const files = ['val_img_4.png', 'val_img_6.png'];
  expect(readdirSync(join(workDir, 'vis_data/seen')).sort()).toEqual(files);
  const stored = readdirSync(join(workDir, 'vis_data'), { recursive: true }) as string[];
  expect(stored.filter((file) => /artifacts.vis_image..*png$/.test(file))).toHaveLength(2);
  const events = stored.find((file) => file.includes('tfevents'))!;
  expect(statSync(join(workDir, 'vis_data', events)).size).toBeGreaterThan(
    files.reduce((sum, file) => sum + statSync(join(workDir, 'vis_data/seen', file)).size, 0),
  );
  const { width, height } = await sharp(join(workDir, 'vis_data/seen', files[0])).metadata();
  expect(width).toBeGreaterThan(2 * height!); // two images of 96 x 64 beside one another
});

test('the pane on the right has the predictions from score_thr on, that on the left the truths', async () => {
  const results = resultsOf(data);
  const drawn = (score: number) => hookOf({ score_thr: score }).png(results.images[0], results);
  const [high, low, none] = [await drawn(0.5), await drawn(0.1), await drawn(1)];
  const { width = 0, height = 0 } = await sharp(high).metadata();
  const half = (png: Buffer, left: number) =>
    sharp(png)
      .extract({ left, top: 0, width: Math.floor(width / 2), height })
      .raw()
      .toBuffer();
  const right = Math.ceil(width / 2);
  const isSame = async (a: Buffer, b: Buffer, left: number) => (await half(a, left)).equals(await half(b, left));
  expect([await isSame(high, low, 0), await isSame(high, low, right), await isSame(high, none, right)]).toEqual([
    true,
    false,
    false,
  ]);
});

test('many images are bounded and said to be, a file that is gone is a line of the log', async () => {
  const results = resultsOf(data);
  const many = { ...results, images: Array.from({ length: 60 }, () => results.images[0]) };
  const lines: string[] = [];
  const steps: number[] = [];
  const drawings = (given: Record<string, unknown>) =>
    new EvaluationDrawings({
      hooks: [hookOf(given)],
      backends: { image: (_name, _png, step) => void steps.push(step) },
      view: {},
      batchSize: 1,
      workDir: folder,
      log: (line) => void lines.push(line),
    });
  const every = drawings({ interval: 1, show: true });
  const png = vi.spyOn(DetVisualizationHook.prototype, 'png').mockResolvedValue(Buffer.of());
  await every.draw(many, { step: 8, words: 'epoch 1' });
  png.mockRestore();
  expect(steps).toHaveLength(50);
  expect(steps.slice(0, 2)).toEqual([8, 9]);
  expect(lines).toEqual([
    expect.stringContaining('50 of 60 images are drawn'),
    expect.stringContaining('show needs a notebook'),
  ]);
  const record = { ...results.images[0].record, path: join(folder, 'gone.png') };
  await drawings({ interval: 1 }).draw(
    { ...results, images: [{ ...results.images[0], record }] },
    { step: 0, words: '' },
  );
  expect(lines.at(-1)).toMatch(/^DetVisualizationHook: .*gone\.png/);
});

test('in a notebook they are one display, after another for wait_time, and with show none is written', async () => {
  const shown: string[] = [];
  const sizes: number[] = [];
  const drawings = new EvaluationDrawings({
    hooks: [hookOf({ interval: 1, show: true, wait_time: 0.01 })],
    backends: { image: () => expect.fail('with show no image is written') },
    view: {
      show: async (key, images) => {
        shown.push(key);
        sizes.push((images as LiveImages).images.length);
      },
    },
    batchSize: 1,
    log: () => {},
  });
  await drawings.draw(resultsOf(data), { step: 1, words: 'epoch 1' });
  expect(new Set(shown).size).toBe(1);
  expect(sizes).toEqual([1, 1, 1, 3]);
  const bundles: string[] = [];
  shared[NOTEBOOK] = {
    signal: new AbortController().signal,
    display: (bundle: MimeBundle) => void bundles.push(String(bundle['text/html'])),
  };
  const { log: _, ...options } = quick;
  const visualization = { type: 'DetVisualizationHook', draw: true, interval: 1 };
  const recipe = small().set({ 'default_hooks.visualization': visualization });
  const run = await recipe.fit(data.take(2), { ...options, epochs: 1, workers: 0, watch: false });
  run.model.dispose();
  expect(bundles.filter((html) => html.includes('detlab-live'))).toHaveLength(1);
});

test('show and test_out_dir without draw are said to have no effect', () => {
  const visualization = { type: 'DetVisualizationHook', show: true, test_out_dir: 'drawn' };
  const paths = findRelatedSettings({ default_hooks: { visualization } }).flatMap((notice) => notice.paths);
  expect(paths).toEqual(['default_hooks.visualization.show', 'default_hooks.visualization.test_out_dir']);
  expect(findRelatedSettings({ default_hooks: { visualization: { ...visualization, draw: true } } })).toEqual([]);
  expect(() => hookOf({ interval: 0 })).toThrow(/interval/);
});
