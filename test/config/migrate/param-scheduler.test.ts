// `lr_config` of 2.x as schedulers of 3.x.

import { expect, test } from 'vitest';
import { schedule } from './migrated';

test('policies of the learning rate', () => {
  const rules = (lr: string, loop?: string) => schedule(lr, loop).config.param_scheduler;
  const whole = { begin: 0, end: 10, by_epoch: true };
  expect(rules("policy='poly', power=0.9, min_lr=1e-4, by_epoch=False")).toEqual([
    { type: 'PolyLR', ...whole, convert_to_iter_based: true, power: 0.9, eta_min: 1e-4 },
  ]);
  expect(
    rules("policy='poly', power=0.9, by_epoch=False", "runner = dict(type='IterBasedRunner', max_iters=400)"),
  ).toEqual([{ type: 'PolyLR', begin: 0, end: 400, by_epoch: false, power: 0.9, eta_min: 0 }]);
  expect(rules("policy='step', step=3, gamma=0.5, warmup='constant', warmup_iters=50, warmup_ratio=1.0 / 3")).toEqual([
    { type: 'ConstantLR', factor: 1 / 3, by_epoch: false, begin: 0, end: 50 },
    { type: 'StepLR', ...whole, step_size: 3, gamma: 0.5 },
  ]);
  expect(
    rules("policy='CosineAnnealing', min_lr_ratio=0.01, warmup='linear', warmup_iters=2, warmup_by_epoch=True"),
  ).toEqual([
    { type: 'LinearLR', start_factor: 0.1, by_epoch: true, begin: 0, end: 2, convert_to_iter_based: true },
    { type: 'CosineAnnealingLR', ...whole, T_max: 10, eta_min_ratio: 0.01 },
  ]);
  expect(rules("policy='FlatCosineAnnealing', start_percent=0.6, min_lr=0")).toEqual([
    { type: 'CosineAnnealingLR', begin: 6, end: 10, by_epoch: true, T_max: 4, eta_min: 0 },
  ]);
  expect(
    rules(
      "policy='YOLOX', warmup='exp', by_epoch=False, warmup_by_epoch=True, warmup_iters=2, warmup_ratio=1, num_last_epochs=3, min_lr_ratio=0.05",
    ),
  ).toEqual([
    { type: 'mmdet.QuadraticWarmupLR', by_epoch: true, begin: 0, end: 2, convert_to_iter_based: true },
    {
      type: 'CosineAnnealingLR',
      eta_min: 0.05 * 0.1,
      begin: 2,
      T_max: 7,
      end: 7,
      by_epoch: true,
      convert_to_iter_based: true,
    },
    { type: 'ConstantLR', by_epoch: true, factor: 1, begin: 7, end: 10 },
  ]);
  expect(rules("policy='fixed'")).toEqual([]);
});
