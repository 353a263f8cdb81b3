// What a run uses of a config is looked at before anything is built.

import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config';
import { checkRun } from '../../src/lab/check-run';
import { complaint } from '../config/scratch';

// biome-ignore lint/suspicious/noExplicitAny: tests reach into configs without types
const config = (): any => loadConfig('faster-rcnn_r50_fpn_1x_coco').config;

test('faults of model, pipelines, optimizer and schedule are told together', () => {
  const given = config();
  given.model.neck.num_out = 4;
  given.train_dataloader.dataset.pipeline[2].type = 'Resizee';
  given.optim_wrapper.optimizer.type = 'SDG';
  given.param_scheduler[1].mileston = [3];
  expect(
    complaint(() => checkRun(given))
      .split('\n')
      .map((line) => line.trim().split(':')[0]),
  ).toEqual([
    'Cannot train',
    'model.neck',
    'train_dataloader.dataset.pipeline.2',
    'param_scheduler.1',
    'optim_wrapper.optimizer',
  ]);
});

test('what a run does not read does not stop it', () => {
  const given = config();
  given.train_dataloader.dataset.type = 'MyDataset';
  given.visualizer.type = 'MyVisualizer';
  given.custom_hooks = [{ type: 'MyHook' }];
  expect(() => checkRun(given)).not.toThrow();
});
