// Evaluations during training resize as val_dataloader says, `detlab test` and predictions as test_dataloader does (mmengine).

import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { applyOptions, loadConfig } from '../../src/config';
import type { PackedSample } from '../../src/data';
import { evaluationPipeline } from '../../src/lab/evaluation-pipeline';
import { quick, scenes, small } from './small';

const folder = mkdtempSync(path.join(os.tmpdir(), 'detlab-pipeline-'));
afterAll(() => rmSync(folder, { recursive: true }));

test('each part has its own', async () => {
  const data = await scenes(folder);
  const recipe = small().set({
    'val_dataloader.dataset.pipeline.1.scale': [48, 32],
    'test_dataloader.dataset.pipeline.1.scale': [72, 48],
  });
  const { model, report } = await recipe.classes(data.classes).fit(data, { ...quick, epochs: 1 });
  expect(report).toBeDefined();
  const { detector } = model;
  const preprocess = detector.preprocess.bind(detector);
  const sizes = new Set<string>();
  detector.preprocess = (samples: PackedSample[]) => {
    for (const { meta } of samples) sizes.add(meta.imgShape.join('x'));
    return preprocess(samples);
  };
  const sizesOf = async (work: () => Promise<unknown>) => {
    sizes.clear();
    await work();
    return [...sizes];
  };
  expect(await sizesOf(() => model.evaluate(data))).toEqual(['32x48']);
  expect(await sizesOf(() => model.evaluate(data, { part: 'test' }))).toEqual(['48x72']);
  expect(await sizesOf(() => model.predict(data.evaluated.records[0].path))).toEqual(['48x72']);
  model.dispose();
});

test('inside wrappers, and that of the other part where there is none', () => {
  const config = loadConfig('faster-rcnn_r50_fpn_1x_coco').config;
  const val = evaluationPipeline(config, 'val');
  expect(val.path).toBe('val_dataloader.dataset.pipeline');
  expect(val.steps.map(({ type }) => type)).toContain('PackDetInputs');
  const { dataset } = config.val_dataloader as { dataset: object };
  const repeated = { type: 'ConcatDataset', datasets: [{ type: 'RepeatDataset', times: 1, dataset }] };
  const wrapped = evaluationPipeline({ ...config, val_dataloader: { dataset: repeated } } as typeof config, 'val');
  expect(wrapped).toEqual({ path: 'val_dataloader.dataset.datasets.0.dataset.pipeline', steps: val.steps });
  const without = applyOptions(config, { test_dataloader: null });
  expect(evaluationPipeline(without, 'test').path).toBe('val_dataloader.dataset.pipeline');
});
