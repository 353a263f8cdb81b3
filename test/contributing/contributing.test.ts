// The examples of CONTRIBUTING.md: each is a file of this folder, equals what the text shows, and works in a whole run.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { configOf, describe as describeModule, detector, type LabDataset, loadConfig, register } from '../../src';
import { buildPipeline } from '../../src/data';
import { catalogue } from '../../src/lab/catalogue';
import { packageRoot } from '../../src/paths';
import { Random } from '../../src/random';
import { quick, scenes, small } from '../lab/small';
import { Grayscale } from './grayscale';
import { lateralNeck } from './lateral-neck';
import { RecallMetric } from './recall-metric';
import { sharedTowerHead } from './shared-tower-head';

const folder = mkdtempSync(path.join(tmpdir(), 'detlab-contributing-'));
let data: LabDataset;
beforeAll(async () => {
  for (const definition of [lateralNeck, Grayscale, RecallMetric, sharedTowerHead]) register(definition);
  data = await scenes(folder);
});
afterAll(() => rmSync(folder, { recursive: true }));

/** TypeScript with its relative imports made absolute, seen from `file`. */
const resolved = (text: string, file: string): string =>
  text.replace(/from '(\.[^']+)'/g, (_, target) => `from '${path.join(path.dirname(file), target)}'`).trim();

/** The blocks of CONTRIBUTING.md that name the file they belong in, by that file. */
function shownFiles(): Map<string, string> {
  const text = readFileSync(path.join(packageRoot, 'CONTRIBUTING.md'), 'utf8');
  const blocks = text.matchAll(/```ts\n\/\/ (src\/\S+\.ts)\n([\s\S]*?)```/g);
  return new Map([...blocks].map(([, file, code]) => [file, code]));
}

test('CONTRIBUTING.md shows the files that are run here', () => {
  const shown = shownFiles();
  expect([...shown.keys()].map((file) => path.basename(file)).sort()).toEqual([
    'grayscale.ts',
    'lateral-neck.ts',
    'recall-metric.ts',
    'shared-tower-head.ts',
  ]);
  for (const [file, code] of shown) {
    const example = path.join('test/contributing', path.basename(file));
    const written = readFileSync(path.join(packageRoot, example), 'utf8');
    expect(resolved(code, file), file).toBe(resolved(written, example));
  }
});

test('the engine kernel: each place that CONTRIBUTING.md names is there', () => {
  const read = (file: string) => readFileSync(path.join(packageRoot, file), 'utf8');
  const [, section] = read('CONTRIBUTING.md').split('## An engine kernel');
  const quotes: [string, string][] = [
    ['kernels/torch/src/focal_loss.cpp', 'defineKernel("detFocalLoss", [](Call& call) {'],
    ['kernels/torch/src/definitions.h', 'void defineFocalLoss();'],
    [
      'src/engine/torch/kernels/detection.ts',
      "define('DetFocalLoss', ({ inputs: { logits, labels }, attrs, backend, slot }) =>",
    ],
    ['src/models/losses/focal-loss.ts', "hasKernel('DetFocalLoss')"],
  ];
  for (const [file, quote] of quotes) {
    expect(section).toContain(file);
    expect(section).toContain(quote);
    expect(read(file), file).toContain(quote);
  }
  expect(read('kernels/torch/src/module.cpp')).toContain('defineFocalLoss();');
});

test('the neck: described, swapped in, trained', async () => {
  expect(String(describeModule('LateralNeck'))).toMatch(/out_channels +int > 0 +256 +Channels of every output level/);
  const recipe = small()
    .neck(configOf(lateralNeck, { out_channels: 16 }))
    .set({
      'model.rpn_head.anchor_generator.strides': [4, 8, 16, 32],
      'model.roi_head.bbox_roi_extractor.featmap_strides': [4, 8, 16, 32],
    });
  const run = await recipe.fit(data, { ...quick, epochs: 1 });
  const neck = run.model.detector.stateDict();
  expect([...neck.keys()].filter((name) => name.startsWith('neck.'))).toHaveLength(8); // four levels, weight and bias
  expect(run.report?.metrics.AP).toBeGreaterThanOrEqual(0);
  run.model.dispose();
});

test('the head: trained and asked as any other', async () => {
  const config = loadConfig('retinanet_r18_fpn_1x_coco').config as { model: { bbox_head: object } };
  const head = { _delete_: true, ...config.model.bbox_head, type: 'SharedTowerHead', stacked_convs: 1 };
  const recipe = detector('retinanet_r18_fpn_1x_coco', {
    options: {
      'model.backbone.base_channels': 8,
      'model.backbone.init_cfg': null,
      'model.neck.in_channels': [8, 16, 32, 64],
      'model.neck.out_channels': 16,
      'train_dataloader.dataset.pipeline.2.scale': [96, 64],
      'val_dataloader.dataset.pipeline.1.scale': [96, 64],
      'test_dataloader.dataset.pipeline.1.scale': [96, 64],
    },
  }).set({ 'model.bbox_head': { ...head, in_channels: 16, feat_channels: 16 } });
  const losses: object[] = [];
  const onStep = ({ scalars }: { scalars: object }) => void losses.push(scalars);
  const run = await recipe.classes(data.classes).fit(data, { ...quick, epochs: 1, onStep });
  expect(losses.length).toBeGreaterThan(0);
  expect(Object.keys(losses[0])).toEqual(expect.arrayContaining(['loss_cls', 'loss_bbox']));
  expect(run.report?.detections).toBeGreaterThanOrEqual(0);
  run.model.dispose();
});

test('the transform: part of a pipeline, drawn from the seed', async () => {
  const steps = [{ type: 'LoadImageFromFile' }, { type: 'Grayscale', prob: 0.5 }, { type: 'PackDetInputs' }];
  const pipeline = buildPipeline(steps, catalogue);
  const gray = async (seed: number) => {
    const { image } = await pipeline.run(data.train.records[0], Random.seeded(seed));
    return image.data.every((v, i) => v === image.data[i - (i % 3)]);
  };
  const drawn = await Promise.all(Array.from({ length: 40 }, (_, seed) => gray(seed)));
  expect(drawn.filter(Boolean).length).toBeGreaterThan(8);
  expect(drawn.filter(Boolean).length).toBeLessThan(32);
  expect(await Promise.all(Array.from({ length: 40 }, (_, seed) => gray(seed)))).toEqual(drawn);
});

test('the metric: fed by an evaluation, right on detections that are known', async () => {
  const metric = await catalogue.build('metric', { type: 'RecallMetric', iou_thr: 0.5 }, { path: 'metric' })(data.val!);
  let truths = 0;
  for (const [i, { id, truths: given }] of data.val!.records.entries()) {
    truths += given.labels.length;
    // the first image exactly, the second with other classes, the third not at all
    const labels = i === 0 ? given.labels : given.labels.map((label) => label + 100);
    metric.add(id, { bboxes: i < 2 ? given.bboxes : [], scores: [], labels: i < 2 ? labels : [] });
  }
  const found = data.val!.records[0].truths.labels.length;
  expect(metric.compute()).toMatchObject({ metrics: { recall: found / truths }, truths, images: 3 });

  const recipe = small().set({ val_evaluator: { _delete_: true, type: 'RecallMetric' } });
  const model = await recipe.classes(data.classes).build();
  const report = await model.evaluate(data);
  expect(Object.keys(report.metrics)).toEqual(['recall']);
  model.dispose();
});
