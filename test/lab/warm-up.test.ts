// The warm-up of a fitted schedule takes a tenth of the run at most; one as long as the run is reported.

import { expect, test } from 'vitest';
import { detector } from '../../src';
import type { ConfigObject, ConfigValue } from '../../src/config';
import { type PlanOptions, planRun } from '../../src/lab/plan';
import { fitWarmUp } from '../../src/lab/warm-up';
import { YOLOv5ParamSchedulerHook } from '../../src/training/hooks/yolov5-param-scheduler-hook';

const quiet = { lr: 0.01 };
const fitted = (name: string | ConfigObject, options: PlanOptions, epochLength: number) =>
  fitWarmUp(planRun(detector(name).config, { ...quiet, ...options }), epochLength);

test('by iterations: 500 of 60 become 6', () => {
  const { notices, paramScheduler } = fitted('faster-rcnn_r50_fpn_1x_coco', { epochs: 6 }, 10);
  expect(paramScheduler).toMatchObject([
    { type: 'LinearLR', by_epoch: false, begin: 0, end: 6 },
    { milestones: [4, 5] },
  ]);
  expect(notices).toEqual(['warm-up of 500 iterations shortened to 6, a tenth of the run']);
});

test('one of which a tenth of the run is less than two iterations is left out', () => {
  const { notices, paramScheduler } = fitted('faster-rcnn_r50_fpn_1x_coco', { epochs: 1 }, 19);
  expect(paramScheduler).toMatchObject([{ type: 'MultiStepLR' }]);
  expect(notices).toEqual(['warm-up of 500 iterations left out: the whole run has 19']);
  expect(fitted('faster-rcnn_r50_fpn_1x_coco', { epochs: 1 }, 20).paramScheduler).toMatchObject([{ end: 2 }, {}]);
});

test('one that is a tenth or less stays, and so does that of a schedule of its own length', () => {
  expect(fitted('faster-rcnn_r50_fpn_1x_coco', { epochs: 6 }, 900)).toMatchObject({
    paramScheduler: [{ end: 500 }, {}],
    notices: [],
  });
  expect(fitted('faster-rcnn_r50_fpn_1x_coco', {}, 100)).toMatchObject({
    paramScheduler: [{ end: 500 }, {}],
    notices: [],
  });
});

test('one as long as the run is reported', () => {
  const { notices, paramScheduler } = fitted('faster-rcnn_r50_fpn_1x_coco', {}, 10);
  expect(paramScheduler[0].end).toBe(500);
  expect(notices).toHaveLength(1);
  expect(notices[0]).toMatch(
    /the warm-up takes 500 iterations and the whole run has 120:.*Shorten param_scheduler\.0\.end/,
  );
});

test('by epochs, converted: one of 5 epochs of 300 is a tenth of 6', () => {
  const { notices, paramScheduler } = fitted('yolox_tiny_8xb8-300e_coco', { epochs: 6 }, 50);
  expect(paramScheduler[0]).toMatchObject({ by_epoch: false, begin: 0, end: 30 });
  expect(paramScheduler[0]).not.toHaveProperty('convert_to_iter_based');
  expect(notices).toEqual(['warm-up of 50 iterations shortened to 30, a tenth of the run']);
});

test('by whole epochs: it goes by iterations where one epoch would be left, and reaches the full rate', () => {
  const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
  const param_scheduler: ConfigValue = [{ type: 'LinearLR', start_factor: 0.001, by_epoch: true, begin: 0, end: 2 }];
  const rule = (epochs: number) => fitted({ ...config, param_scheduler }, { epochs }, 50).paramScheduler[0];
  expect(rule(6)).toMatchObject({ by_epoch: false, end: 30 });
  expect(rule(24)).toMatchObject({ by_epoch: false, end: 120 });
  expect(fitted({ ...config, param_scheduler }, {}, 50).paramScheduler[0]).toMatchObject({ by_epoch: true, end: 2 });
  const longer: ConfigObject = {
    ...config,
    param_scheduler,
    train_cfg: { type: 'EpochBasedTrainLoop', max_epochs: 24 },
  };
  expect(fitted(longer, { epochs: 12 }, 50).paramScheduler[0]).toMatchObject({ by_epoch: false, end: 50 });
});

test('a rule that begins where the warm-up ends follows it, and one by iterations is fitted too', () => {
  const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
  const param_scheduler: ConfigValue = [
    { type: 'LinearLR', start_factor: 0.001, by_epoch: false, begin: 0, end: 500 },
    { type: 'PolyLR', power: 0.9, by_epoch: false, begin: 500, end: 90000 },
  ];
  const { paramScheduler } = fitted({ ...config, param_scheduler }, { epochs: 6 }, 10);
  expect(paramScheduler).toMatchObject([{ end: 6 }, { begin: 6, end: 45000 }]);
});

test('a decay from the first step on is no warm-up', () => {
  const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
  const param_scheduler = [
    { type: 'LinearLR', start_factor: 1, end_factor: 0.01, by_epoch: false, begin: 0, end: 500 },
  ];
  expect(fitted({ ...config, param_scheduler }, { epochs: 6 }, 10)).toMatchObject({
    paramScheduler: [{ end: 250 }],
    notices: [],
  });
});

test("that of YOLOv8's hook", () => {
  const { defaultHooks, notices } = fitted('yolov8_n_syncbn_fast_8xb16-500e_coco', { epochs: 10 }, 40);
  const hook = defaultHooks.param_scheduler as YOLOv5ParamSchedulerHook;
  expect(hook).toBeInstanceOf(YOLOv5ParamSchedulerHook);
  expect(hook.options).toMatchObject({ warmup_epochs: 1, warmup_mim_iter: 0, max_epochs: 10 });
  expect(notices).toEqual(['warm-up of 1000 iterations shortened to 40, a tenth of the run']);
});
