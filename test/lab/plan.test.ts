// The plan of a run: options over the config.

import { describe, expect, test } from 'vitest';
import { type ConfigObject, detector } from '../../src';
import { type PlanOptions, planRun } from '../../src/lab/plan';

describe('plan', () => {
  test('options override the config; the schedule is scaled, with a notice', () => {
    const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
    const plan = planRun(config, { epochs: 6, lr: 0.005, batch: 4, amp: true });
    expect(plan).toMatchObject({
      loop: { unit: 'epoch', total: 6 },
      batchSize: 4,
      precision: 'bfloat16',
      optimWrapper: { optimizer: { lr: 0.005, momentum: 0.9 } },
      paramScheduler: [{ end: 500 }, { end: 6, milestones: [4, 5] }],
    });
    expect(plan.notices).toEqual(['schedule of 12 epochs scaled to 6: milestones 4, 5']);
    expect(planRun(config, {}).paramScheduler[1].milestones).toEqual([8, 11]);
    expect(planRun(config, { epochs: 2 }).paramScheduler[1].milestones).toEqual([1]);
  });

  test('periods and steps of a cycle are scaled, a rule that has no epoch left is dropped, and lr beside a cycle is said', () => {
    const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
    const param_scheduler: ConfigObject[] = [
      { type: 'CosineRestartLR', periods: [8, 4], restart_weights: [1, 1], eta_min: 0 },
      { type: 'OneCycleLR', eta_max: 0.1, total_steps: 12 },
      { type: 'ConstantLR', begin: 8, end: 9 },
    ];
    const plan = planRun({ ...config, param_scheduler }, { epochs: 3, lr: 0.1 });
    expect(plan.paramScheduler).toMatchObject([{ periods: [2, 1] }, { total_steps: 3 }]);
    expect(plan.paramScheduler).toHaveLength(2);
    expect(plan.notices[0]).toMatch(/lr has no effect: OneCycleLR rises to its eta_max, 0.1/);
  });

  test('the learning rate is scaled to the batch size by the config or by scaleLr, else one line says what that would be', () => {
    const { config } = detector('faster-rcnn_r50_fpn_1x_coco');
    const rate = (options: PlanOptions, enable = false) => {
      const auto_scale_lr = { enable, base_batch_size: 16 };
      const { optimWrapper, notices } = planRun({ ...config, auto_scale_lr }, options);
      return [(optimWrapper.optimizer as { lr: number }).lr, ...notices];
    };
    const offer =
      "learning rate 0.02 is meant for a batch size of 16, this run's is 4: scaleLr: true (--auto-scale-lr) makes it 0.005";
    const done = 'learning rate 0.02 scaled to 0.005 for a batch size of 4 (auto_scale_lr: 16)';
    expect(rate({ batch: 4 })).toEqual([0.02, offer]);
    expect(rate({ batch: 4, scaleLr: true })).toEqual([0.005, done]);
    expect(rate({ batch: 4 }, true)).toEqual([0.005, done]);
    expect(rate({ batch: 4, scaleLr: false }, true)).toEqual([0.02, offer]);
    expect(rate({ batch: 16 })).toEqual([0.02]);
    expect(rate({ batch: 16, scaleLr: true })).toEqual([0.02]);
    expect(rate({ batch: 4, lr: 0.01 })).toEqual([0.01]);
    expect(rate({ batch: 4, lr: 0.01 }, true)).toEqual([
      0.01,
      'auto_scale_lr has no effect: the learning rate of the run is given, 0.01',
    ]);
    expect(rate({ batch: 4, lr: 0.01, scaleLr: true })[0]).toBe(0.0025);
    const { auto_scale_lr: _, ...without } = config;
    expect(planRun(without, { batch: 4 }).notices).toEqual([]);
    expect(() => planRun(without, { batch: 4, scaleLr: true })).toThrow(/expected auto_scale_lr.base_batch_size.*none/);
  });
});
