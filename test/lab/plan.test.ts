// The plan of a run: options over the config.

import { describe, expect, test } from 'vitest';
import { detector } from '../../src';
import { planRun } from '../../src/lab/plan';

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
    const scaled = planRun({ ...config, auto_scale_lr: { enable: true, base_batch_size: 16 } }, { batch: 4 });
    expect(scaled.optimWrapper.optimizer).toMatchObject({ lr: 0.005 });
  });
});
