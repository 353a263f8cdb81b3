// Options by dotted path: what nothing reads is refused, with the path that works.

import { expect, test } from 'vitest';
import { detector } from '../../src';
import type { ConfigValue } from '../../src/config';
import { complaint } from '../config/scratch';

const base = detector('faster-rcnn_r50_fpn_1x_coco');
const refusal = (options: Record<string, ConfigValue>) => complaint(() => base.set(options));

test.each<[Record<string, ConfigValue>, string]>([
  [
    { 'train_dataloader.batchsize': 4 },
    'unknown option "batchsize". Did you mean "batch_size"? The path is train_dataloader.batch_size',
  ],
  [{ 'train_dataloder.batch_size': 2 }, 'this sets a variable that nothing reads. Did you mean "train_dataloader"?'],
  [{ 'train_pipeline.2.scale': [640, 480] }, 'nothing reads. Set train_dataloader.dataset.pipeline.2.scale'],
  [
    { data_root: 'x/' },
    'Set train_dataloader.dataset.data_root, val_dataloader.dataset.data_root, test_dataloader.dataset.data_root',
  ],
  [{ num_classes: 3 }, 'Set model.roi_head.bbox_head.num_classes'],
  [{ batch_size: 3 }, 'Set train_dataloader.batch_size, val_dataloader.batch_size, test_dataloader.batch_size'],
  [
    { weigth_decay: 0 },
    'this sets a variable that nothing reads. Did you mean "optim_wrapper.optimizer.weight_decay"?',
  ],
  [{ 'model.neck.nun_outs': 4 }, 'The path is model.neck.num_outs'],
  [{ 'model.train_cfg.rcnn.assigner.pos_iou_th': 0.6 }, 'The path is model.train_cfg.rcnn.assigner.pos_iou_thr'],
  [{ 'env_cfg.cudn_benchmark': true }, 'The path is env_cfg.cudnn_benchmark'],
  [{ 'env_cfg.mp_cfg.opencv_threads': 1 }, 'The path is env_cfg.mp_cfg.opencv_num_threads'],
  [{ 'randomness.sed': 1 }, 'The path is randomness.seed'],
  [{ 'auto_scale_lr.enabled': true }, 'The path is auto_scale_lr.enable'],
  [{ 'train_dataloader.dataset.filter_cfg.min_siz': 3 }, 'The path is train_dataloader.dataset.filter_cfg.min_size'],
  [{ 'train_dataloader.dataset.pipeline.2.scal': [1, 2] }, 'The path is train_dataloader.dataset.pipeline.2.scale'],
  [{ 'train_dataloader.sampler.shufle': false }, 'The path is train_dataloader.sampler.shuffle'],
  [{ 'optim_wrapper.clip_grad': { max_nrm: 35 } }, 'The path is optim_wrapper.clip_grad.max_norm'],
  [{ 'optim_wrapper.paramwise_cfg.bias_lr_mul': 2 }, 'The path is optim_wrapper.paramwise_cfg.bias_lr_mult'],
  [{ 'optim_wrapper.optimizer.weigth_decay': 0 }, 'The path is optim_wrapper.optimizer.weight_decay'],
  [{ 'train_cfg.max_epoch': 3 }, 'The path is train_cfg.max_epochs'],
  [{ 'val_evaluator.metrics': 'bbox' }, 'The path is val_evaluator.metric'],
  [{ 'default_hooks.logger.intervall': 5 }, 'The path is default_hooks.logger.interval'],
  [{ 'visualizer.vis_backend': [] }, 'The path is visualizer.vis_backends'],
  [{ 'log_processor.window': 5 }, 'The path is log_processor.window_size'],
  [{ 'param_scheduler.0.start_facto': 1 }, 'The path is param_scheduler.0.start_factor'],
])('%j is refused', (options, advice) => {
  const [path] = Object.keys(options);
  expect(refusal(options)).toMatch(/^Cannot set this option:\n/);
  expect(refusal(options)).toContain(`\n  ${path}: `);
  expect(refusal(options)).toContain(advice);
});

test('what is read is set, also with a variable of the same value', () => {
  const pipeline = [{ type: 'LoadImageFromFile' }, { type: 'PackDetInputs' }];
  const changed = base.set({
    train_pipeline: pipeline,
    'train_dataloader.dataset.pipeline': pipeline,
    'train_dataloader.batch_size': 4,
    work_dir: 'runs/x',
    launcher: 'none',
    'model.neck.type': 'MyNeck',
    'model.neck.gain': 2,
  });
  expect(changed.config).toMatchObject({
    train_dataloader: { batch_size: 4, dataset: { pipeline } },
    model: { neck: { gain: 2 } },
  });
});

test('an option that was wrong before does not stop another', () => {
  const { config } = base;
  const given = detector({ ...config, train_dataloader: { ...(config.train_dataloader as object), batchsize: 4 } });
  expect(given.set({ 'train_dataloader.num_workers': 0 }).config.train_dataloader).toMatchObject({ num_workers: 0 });
});

test('options of detector() are checked as those of set', () => {
  for (const options of [['train_dataloader.batchsize=2'], { 'train_dataloader.batchsize': 2 }])
    expect(complaint(() => detector('faster-rcnn_r50_fpn_1x_coco', { options }))).toContain(
      'train_dataloader.batch_size',
    );
  expect(complaint(() => detector(base.config, { options: ['train_dataloader.batchsize=2'] }))).toContain(
    'train_dataloader.batch_size',
  );
  expect(detector(base.config, { options: ['train_dataloader.batch_size=7'] }).config.train_dataloader).toMatchObject({
    batch_size: 7,
  });
});
